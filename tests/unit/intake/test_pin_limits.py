"""Waits that grow, tries that are forgotten, and rows that name nobody."""

from __future__ import annotations

import pytest

from kernel.base.instants import HOUR, MINUTE
from services.intake.application.pin_access import KEPT
from services.intake.application.pin_limits import CALLER_AND_CODE, LIMITS, PinLimit, limits_on

LIMIT = PinLimit("x", free=3, first=MINUTE, longest=10 * MINUTE, forgotten=HOUR)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 0), (2, 0), (3, 1), (4, 2), (5, 4), (6, 8), (7, 10), (10**6, 10)]
)
def test_a_wait_doubles_up_to_the_longest(failures: int, minutes: int) -> None:
    """From the last free try on."""
    assert LIMIT.wait(failures, 0, 0) == minutes * MINUTE


def test_a_wait_ends_and_tries_are_forgotten() -> None:
    """One by one; a clock that goes back forgets nothing and adds nothing."""
    assert LIMIT.wait(4, 0, MINUTE) == MINUTE
    assert LIMIT.wait(4, 0, 2 * MINUTE) == 0
    assert LIMIT.left(4, 0, HOUR - 1) == 4
    assert LIMIT.left(4, 0, 3 * HOUR) == 1
    assert LIMIT.left(4, 0, 9 * HOUR) == 0
    assert LIMIT.left(4, HOUR, 0) == 4


def test_rows_are_kept_as_long_as_anybody_waits() -> None:
    """No limit's longest wait outlives the rows."""
    assert all(limit.longest < KEPT for limit in LIMITS)


def test_what_is_counted_is_not_written_down() -> None:
    """An address and what was typed as a code are in no key; each limit has one of its own."""
    keys = limits_on("address:203.0.113.7", "Nguyễn Thị Mai", "1234")
    assert len(keys) == 4
    assert all(len(key) == 64 and "Mai" not in key for key in keys)
    assert list(keys) == sorted(keys)
    other = limits_on("address:203.0.113.8", "Nguyễn Thị Mai", "1234")
    shared = {keys[key].name for key in keys.keys() & other.keys()}
    assert shared == {"short_code", "short_all"}
    assert CALLER_AND_CODE in keys.values()
