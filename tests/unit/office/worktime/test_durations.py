"""Durations: how they are written, and what is none."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kernel.base.instants import HOUR
from office.worktime.durations import (
    NO_DURATION,
    NO_LIMIT,
    Duration,
    DurationError,
    DurationUnit,
    TimeLimit,
)


@pytest.mark.parametrize("text", ["3wd", "0.5wd", "5cd", "4wh", "1/3wd", "0.125wh", "none"])
def test_durations_print_as_they_are_read(text: str) -> None:
    """What is read is printed the same."""
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize(("text", "us"), [("0.5wd", 4 * HOUR), ("1/3wd", 9600_000_000)])
def test_fractions_of_a_working_day(text: str, us: int) -> None:
    """A fraction of a working day is that share of eight hours."""
    assert Duration.parse(text).working_us(8 * HOUR) == us


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must look like"),
        ("3", "must look like"),
        ("3 wd", "must look like"),
        ("-3wd", "must look like"),
        ("3WD", "must look like"),
        ("1e3wd", "must look like"),
        ("٣wd", "must look like"),
        ("3wd\n", "must look like"),
        ("1/0wd", "must look like"),
        ("0wd", "above 0"),
        ("10001wd", "at most 10000"),
        ("80001wh", "at most 80000"),
        ("0.5cd", "whole"),
    ],
)
def test_what_is_no_duration(text: str, rule: str) -> None:
    """A text that is no duration is refused with the rule it breaks."""
    with pytest.raises(DurationError, match=rule):
        Duration.parse(text)


def test_durations_of_the_wrong_kind_are_refused() -> None:
    """Calendar days and no limit are no amount of work; no limit has no amount."""
    with pytest.raises(DurationError, match="no amount of working time"):
        Duration.parse("5cd").working_us(8 * HOUR)
    with pytest.raises(DurationError, match="not given in calendar days"):
        Duration.parse("5wd").whole_days()
    with pytest.raises(DurationError, match="has no amount"):
        Duration(Fraction(1), DurationUnit.NONE)
    with pytest.raises(DurationError, match="no amount of working time"):
        NO_DURATION.working_us(8 * HOUR)


@pytest.mark.parametrize("text", ["5wd", "20cd+5wd", "1cd+0.5wd+4wh", "none"])
def test_limits_print_as_they_are_read(text: str) -> None:
    """What is read is printed the same, phase by phase."""
    assert str(TimeLimit.parse(text)) == text


def test_a_limit_that_is_none_has_no_phase() -> None:
    """No limit is one value, however it was made."""
    assert TimeLimit.parse("none") == NO_LIMIT == TimeLimit(())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must look like"),
        ("5 days", "must look like"),
        ("5cd+", "phase 2 must look like"),
        ("+5cd", "phase 1 must look like"),
        ("5cd + 3wd", "phase 1 must look like"),
        ("5cd+3wd+0.5cd", "phase 3 .*whole"),
        ("5cd+0wd", "phase 2 .*above 0"),
        ("5cd+none", "none stands alone"),
        ("1wd+1wd+1wd+1wd", "at most 3 phases"),
        ("none+none", "none stands alone"),
    ],
)
def test_what_is_no_limit(text: str, rule: str) -> None:
    """A wrong limit is refused with the phase that is wrong, and the rule."""
    with pytest.raises(DurationError, match=rule):
        TimeLimit.parse(text)
