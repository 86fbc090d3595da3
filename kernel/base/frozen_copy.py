"""Copies of frozen values with some fields changed, as ``dataclasses.replace`` makes them, faster.

A fold makes one copy an event, so a rebuild spends most of its time in copies. ``replace`` of the
standard library goes through ``__init__`` and a dictionary of all fields; this one sets the slots.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def replace(value: T, **changes: Any) -> T:
    """Return a copy of a dataclass with slots in which the named fields have other values.

    ``__init__`` and ``__post_init__`` do not run: the class must not depend on them. Raise
    ``TypeError`` for a field that the class does not have.
    """
    names, copy = _copier(type(value))  # type: ignore[arg-type]
    if not changes.keys() <= names:
        unknown = ", ".join(sorted(changes.keys() - names))
        raise TypeError(f"{type(value).__name__} has no field {unknown}")
    copied: T = copy(value, changes)
    return copied


@cache
def _copier(cls: type[Any]) -> tuple[frozenset[str], Callable[[Any, dict[str, Any]], Any]]:
    """Return a class's fields and a function that copies its instances, written out field by field
    as ``dataclasses`` writes ``__init__``.
    """
    if hasattr(cls, "__post_init__") or "__slots__" not in cls.__dict__:
        raise TypeError(f"{cls.__name__} must have slots and no __post_init__")
    names = [field.name for field in fields(cls)]
    known: dict[str, Any] = {"_new": object.__new__, "_cls": cls}
    lines = ["def copy(old, changes):", " new = _new(_cls)"]
    for name in names:
        known[f"_set_{name}"] = getattr(cls, name).__set__
        lines.append(f" _set_{name}(new, changes['{name}'] if '{name}' in changes else old.{name})")
    exec("\n".join([*lines, " return new"]), known)
    copy: Callable[[Any, dict[str, Any]], Any] = known["copy"]
    return frozenset(names), copy
