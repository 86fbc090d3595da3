"""The documents that are asked for, as lines: name, number of copies, note. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1.event_parts_pb2 import PartName


def names_json(names: Iterable[PartName]) -> str:
    """Write the names of a procedure's parts by their codes, Vietnamese before English."""
    return json.dumps({n.code: [n.name, n.name_en] for n in names}, ensure_ascii=False)


def document_list(asked: Iterable[Part], names: str | None, language: str) -> str:
    """Return a line for each document, in the letter's language; ``names`` is from ``names_json``.

    A document that is no part of the procedure shows its code.
    """
    known: dict[str, list[str]] = json.loads(names or "{}")
    return "\n".join(_line(part, known.get(part.code, ["", ""]), language) for part in asked)


def _line(part: Part, names: list[str], language: str) -> str:
    name, unit = names[0], "bản"
    copies = part.copies or 1  # no number of copies means one, as at the desk
    if language == "en":
        name, unit = names[1] or name, "copy" if copies == 1 else "copies"
    note = f": {part.note}" if part.note.strip() else ""
    return " ".join(f"{name or part.code} ({copies} {unit}){note}".split())
