"""What can be judged of an entry with mistakes: something stands for each of its parts at fault."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from office.catalogue.files.columns import LISTS

Path = tuple[str | int, ...]

_NAMES: Final = {"name_vi": "-", "name_en": "-"}
_STAND_INS: Final[Mapping[str, Any]] = {
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
_OF_ITEMS: Final[Mapping[str, Mapping[str, Any]]] = {
    "parts": {"code": "at-fault", **_NAMES},
    "fees": {"kind": "phi", **_NAMES, "amount": 0},
    "conditions": _NAMES,
    "exempt": {"code": "at-fault", **_NAMES},
}


def filled(values: Mapping[str, Any], wrong: Collection[Path], day: Any) -> dict[str, Any]:
    """Return the values without those at fault, so that the schema takes them; ``day`` stands for
    the day on which the version begins. A mistake at () is one of the whole entry.
    """
    made: dict[str, Any] = {}
    for key, value in values.items():
        if (key,) in wrong:
            continue
        if key in _OF_ITEMS:
            made[key] = [_item(key, place, it, wrong) for place, it in enumerate(value)]
        elif isinstance(value, list):
            made[key] = [it for place, it in enumerate(value) if (key, place) not in wrong]
        else:
            made[key] = value
    for key, stand_in in _STAND_INS.items():
        if (key,) in wrong or () in wrong or made.get(key) == []:
            made[key] = day if key == "valid_from" else stand_in
    if not made.get("parts"):
        made["parts"] = [_OF_ITEMS["parts"]]
    return made


def _item(key: str, place: int, item: Any, wrong: Collection[Path]) -> dict[str, Any]:
    given = {} if (key, place) in wrong or not isinstance(item, dict) else item
    kept = {name: value for name, value in given.items() if (key, place, name) not in wrong}
    stand_ins = {**_OF_ITEMS[key]}
    if "code" in stand_ins:
        stand_ins["code"] = f"at-fault-{place}"
    return {**stand_ins, **kept}


def at_fault(keys: Collection[str], wrong: Collection[Path]) -> bool:
    """Return whether one of the keys has a mistake, or a word in its list."""
    return any(
        not path or (path[0] in keys and (len(path) == 1 or path[0] not in LISTS.values()))
        for path in wrong
    )


def touched(path: Path, wrong: Collection[Path]) -> bool:
    """Return whether there is a mistake at a path, above it or below it."""
    return any(it[: len(path)] == path[: len(it)] for it in wrong)
