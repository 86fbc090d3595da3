"""When events are sent, by a clock of the test's own."""

from __future__ import annotations

import pytest

from cli.replaying.pace import Pace, seconds_for
from kernel.base.instants import SECOND

HAPPENED = [0, 60, 60, 90, 30, 300]
"""Seconds after the first."""


@pytest.mark.parametrize(
    ("speed", "rate", "sent_at"),
    [
        (0, 0, [0, 0, 0, 0, 0, 0]),
        (1, 0, [0, 60, 60, 90, 90, 300]),
        (60, 0, [0, 1, 1, 1.5, 1.5, 5]),
        (0, 2, [0, 0.5, 1, 1.5, 2, 2.5]),
        (60, 1, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_events_are_sent_in_their_time(speed: float, rate: float, sent_at: list[float]) -> None:
    """As they happened, so many times as fast, and no more a second than is allowed."""
    clock, slept = [1_000.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    pace = Pace(speed, rate, lambda: clock[0], sleep)
    found, flushed = [], []
    for at in HAPPENED:
        pace.wait(at * SECOND, before=lambda: flushed.append(clock[0]))
        found.append(clock[0] - 1_000)
    assert found == pytest.approx(sent_at)
    assert len(flushed) == len(slept)


@pytest.mark.parametrize(
    ("speed", "rate", "seconds"), [(0, 0, 0), (60, 0, 5), (0, 2, 2.5), (60, 0.5, 10)]
)
def test_how_long_it_takes_is_told_beforehand(speed: float, rate: float, seconds: float) -> None:
    """By what allows less."""
    assert seconds_for(6, 300 * SECOND, speed, rate) == pytest.approx(seconds)
