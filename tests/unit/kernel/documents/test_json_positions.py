"""The places of values in JSON, which the standard parser does not tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernel.documents.json_positions import json_positions
from kernel.documents.mistakes import KeyPath

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_a_key_or_an_item_has_its_place() -> None:
    """Line and column in characters, from 1."""
    text = '{"à": [1, {"b,]": "}"}],\n "c": {}, "d": [],\n  "e": -1.5e3}'
    assert json_positions(text) == {
        (): (1, 1),
        ("à",): (1, 2),
        ("à", 0): (1, 8),
        ("à", 1): (1, 11),
        ("à", 1, "b,]"): (1, 12),
        ("c",): (2, 2),
        ("d",): (2, 11),
        ("e",): (3, 3),
    }


@given(value=_VALUES, indent=st.none() | st.integers(0, 3))
def test_every_value_has_a_place(value: Any, indent: int | None) -> None:
    """However it is written: as many places as there are values, under the right keys."""

    def paths(value: Any, at: KeyPath) -> Iterator[KeyPath]:
        yield at
        below: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, dict):
            below = value.items()
        elif isinstance(value, list):
            below = enumerate(value)
        for key, item in below:
            yield from paths(item, (*at, key))

    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert set(json_positions(text)) == set(paths(value, ()))
