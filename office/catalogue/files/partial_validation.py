"""Validation of entries with mistakes: placeholders stand for the wrong values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from kernel.documents.mistakes import KeyPath
from office.catalogue.files.columns import LISTS

_NAMES: Final = {"name_vi": "-", "name_en": "-"}
_PLACEHOLDERS: Final[Mapping[str, Any]] = {
    "code": "0.000000",
    "version": 1,
    **_NAMES,
    "field": "-",
    "unit": "-",
    "valid_from": "",
    "level": "whole",
    "time_limit": "none",
    "channels": ["counter"],
    "result_channels": ["counter"],
    "process": "at-fault",
}
_ITEM_PLACEHOLDERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "parts": {"code": "at-fault", **_NAMES},
    "fees": {"kind": "phi", **_NAMES, "amount": 0},
    "conditions": _NAMES,
    "exempt": {"code": "at-fault", **_NAMES},
}


def with_placeholders(
    values: Mapping[str, Any], wrong: Collection[KeyPath], day: Any
) -> dict[str, Any]:
    """Return the values with placeholders for the wrong ones, so that the schema accepts them.

    ``day`` is the placeholder of ``valid_from``. A mistake at () is one of the whole entry.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        if (key,) in wrong:
            continue
        if key in _ITEM_PLACEHOLDERS:
            made[key] = [_item(key, place, item, wrong) for place, item in enumerate(value)]
        elif isinstance(value, list):
            made[key] = [item for place, item in enumerate(value) if (key, place) not in wrong]
        else:
            made[key] = value
    for key, placeholder in _PLACEHOLDERS.items():
        if (key,) in wrong or () in wrong or made.get(key) == []:
            made[key] = day if key == "valid_from" else placeholder
    if not made.get("parts"):
        made["parts"] = [_ITEM_PLACEHOLDERS["parts"]]
    return made


def _item(key: str, place: int, item: Any, wrong: Collection[KeyPath]) -> dict[str, Any]:
    given = {} if (key, place) in wrong or not isinstance(item, dict) else item
    kept = {name: value for name, value in given.items() if (key, place, name) not in wrong}
    placeholders = {**_ITEM_PLACEHOLDERS[key]}
    if "code" in placeholders:
        placeholders["code"] = f"at-fault-{place}"
    return {**placeholders, **kept}


def has_mistake(keys: Collection[str], wrong: Collection[KeyPath]) -> bool:
    """Return whether one of the keys, or an item of its list, has a mistake."""
    return any(
        not path or (path[0] in keys and (len(path) == 1 or path[0] not in LISTS.values()))
        for path in wrong
    )


def overlaps_mistake(path: KeyPath, wrong: Collection[KeyPath]) -> bool:
    """Return whether there is a mistake at a path, above it or below it."""
    return any(mistake_path[: len(path)] == path[: len(mistake_path)] for mistake_path in wrong)
