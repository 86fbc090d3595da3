"""Lines and columns of the values in a JSON file, which the standard parser does not tell.

They are asked for when there is a mistake to report, and only then computed.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from kernel.documents.mistakes import KeyPath, Position

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')


def json_positions(text: str) -> Mapping[KeyPath, Position]:
    """Return where the key of each value stands, or the value itself in a list, in a text that is
    JSON.
    """
    begins = [0, *(found.end() for found in re.finditer("\n", text))]
    places: dict[KeyPath, Position] = {}
    path: list[str | int] = []
    key_follows = False
    for token in _TOKEN.finditer(text):
        sign, at = token[0], token.start()
        if sign in "]}":
            path.pop()
            key_follows = False
        elif sign == ",":
            key_follows = isinstance(path[-1], str)
            if not key_follows:
                path[-1] = int(path[-1]) + 1
        elif sign != ":":
            if key_follows:
                path[-1] = json.loads(sign)
            line = bisect_right(begins, at)
            places.setdefault(tuple(path), (line, at - begins[line - 1] + 1))
            key_follows = sign == "{"
            if sign in "[{":
                path.append(0 if sign == "[" else "")
    return places
