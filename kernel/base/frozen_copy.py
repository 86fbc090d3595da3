"""Copies of frozen values with some fields changed, as ``dataclasses.replace`` makes them, faster.

A fold makes a copy or two an event, so a rebuild spends much of its time in copies. ``replace`` of
the standard library goes through ``__init__`` and a dictionary of all fields; this one fills an
object of a class with the same slots that is not frozen, and then makes it one of the frozen class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")

_copiers: dict[tuple[Any, ...], Callable[[Any, dict[str, Any]], Any]] = {}
"""By the class and the names that change, in the order in which the caller gives them."""


def replace(value: T, **changes: Any) -> T:
    """Return a copy of a dataclass with slots in which the named fields have other values.

    ``__init__`` and ``__post_init__`` do not run: the class must not depend on them. Raise
    ``TypeError`` for a field that the class does not have, and for a class without slots or with
    ``__post_init__``.
    """
    key = (type(value), *changes)
    try:
        copy = _copiers[key]
    except KeyError:
        copy = _copiers[key] = _copier(type(value), tuple(changes))
    copied: T = copy(value, changes)
    return copied


def _copier(cls: type[Any], changed: tuple[str, ...]) -> Callable[[Any, dict[str, Any]], Any]:
    """Return a function that copies instances of a class with these fields changed, written out
    field by field as ``dataclasses`` writes ``__init__``.
    """
    if hasattr(cls, "__post_init__") or "__slots__" not in cls.__dict__:
        raise TypeError(f"{cls.__name__} must have slots and no __post_init__")
    names = [field.name for field in fields(cls)]
    if unknown := [name for name in changed if name not in names]:
        raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    thawed = type(cls.__name__, cls.__bases__, {"__slots__": cls.__slots__})
    lines = ["def copy(old, changes):", " new = _thawed()"]
    for name in names:
        lines.append(
            f" new.{name} = " + (f"changes['{name}']" if name in changed else f"old.{name}")
        )
    known: dict[str, Any] = {"_thawed": thawed, "_cls": cls}
    exec("\n".join([*lines, " new.__class__ = _cls", " return new"]), known)
    copy: Callable[[Any, dict[str, Any]], Any] = known["copy"]
    return copy
