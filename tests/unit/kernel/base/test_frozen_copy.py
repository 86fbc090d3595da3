"""Copies of frozen values."""

import dataclasses
from dataclasses import dataclass

import pytest

from kernel.base.frozen_copy import replace
from services.routing.domain.state import INITIAL


@dataclass(frozen=True, slots=True)
class _Pair:
    left: int
    right: str = "r"


@dataclass(frozen=True)
class _Open:
    left: int = 0


@dataclass(frozen=True, slots=True)
class _Checked:
    left: int = 0

    def __post_init__(self) -> None:
        assert self.left >= 0


def test_a_copy_equals_the_standard_library_s() -> None:
    """With some fields changed, with none, and with all of them; the first value stays as it is."""
    value = _Pair(1)
    for changes in ({}, {"left": 2}, {"right": "x"}, {"left": None, "right": ""}):
        assert replace(value, **changes) == dataclasses.replace(value, **changes)
    assert value == _Pair(1, "r")
    assert replace(value) is not value


def test_a_copy_is_as_frozen_as_the_value() -> None:
    """It is of the very class, with its equality and hash, and no field of it can be set."""
    copy = replace(_Pair(1), right="x")
    assert type(copy) is _Pair
    assert hash(copy) == hash(_Pair(1, "x"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.left = 2  # type: ignore[misc]


def test_every_field_of_a_case_s_state_is_copied() -> None:
    """Each field by itself, as the largest value of a fold has them."""
    for field in dataclasses.fields(INITIAL):
        mark = object()
        copy = replace(INITIAL, **{field.name: mark})
        assert getattr(copy, field.name) is mark
        others = [other.name for other in dataclasses.fields(INITIAL) if other != field]
        assert all(getattr(copy, name) is getattr(INITIAL, name) for name in others)


def test_an_unknown_field_is_refused() -> None:
    """A misspelt name is an error and not a change that is lost."""
    with pytest.raises(TypeError, match="_Pair has no field middle"):
        replace(_Pair(1), middle=2)


@pytest.mark.parametrize("value", [_Open(), _Checked()])
def test_a_class_that_depends_on_its_constructor_is_refused(value: object) -> None:
    """Without slots, or with a check of its own, the standard library's is right."""
    with pytest.raises(TypeError, match="must have slots and no __post_init__"):
        replace(value, left=1)
