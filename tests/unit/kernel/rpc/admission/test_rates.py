"""How calls are counted in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from limits import parse

from kernel.rpc.admission.rates import Rates, Windows

RATE = parse("10/5second")
NOON = datetime.fromisoformat("2026-12-01T12:00:00+07:00")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Time that stands still until the test moves it."""
    with time_machine.travel(NOON, tick=False) as moved:
        yield moved


def test_so_many_at_once_and_then_none(clock: time_machine.Traveller) -> None:
    """The eleventh of ten is refused; it is told when to try again, and then it is taken."""
    rates = Rates()
    assert [rates.hit(RATE, "a", 1) for _ in range(10)] == [0] * 10
    wait = rates.hit(RATE, "a", 1)
    assert 1 <= wait <= 5
    assert rates.hit(RATE, "b", 1) == 0

    clock.shift(10)
    assert rates.hit(RATE, "a", 1) == 0


def test_what_is_refused_is_not_counted(clock: time_machine.Traveller) -> None:
    """Who goes on calling while refused is not refused for longer."""
    rates = Rates()
    for _ in range(1_000):
        rates.hit(RATE, "a", 1)
    clock.shift(10)
    assert rates.hit(RATE, "a", 1) == 0


def test_the_mean_holds_from_window_to_window(clock: time_machine.Traveller) -> None:
    """Over a minute of floods no more are taken than the rate, and once the burst."""
    rates = Rates()
    taken = 0
    for _ in range(600):
        taken += rates.hit(RATE, "a", 1) == 0
        clock.shift(0.1)
    assert 100 <= taken <= 130


def test_a_call_that_costs_more_than_the_rate_costs_the_rate(
    clock: time_machine.Traveller,
) -> None:
    """It is taken when nothing was before it; nothing is for ever too dear."""
    rates = Rates()
    assert rates.hit(RATE, "a", 1_000) == 0
    assert rates.hit(RATE, "a", 1) > 0


def test_nothing_is_kept_of_windows_that_are_over(clock: time_machine.Traveller) -> None:
    """At rest no caller is known any more."""
    rates = Rates()
    for number in range(1_000):
        rates.hit(RATE, str(number), 1)
    assert rates.windows() == 1_000
    clock.shift(60)
    assert rates.windows() == 0


def test_a_bounded_number_of_windows_is_kept(clock: time_machine.Traveller) -> None:
    """However many callers there are."""
    rates = Rates(Windows(most=100))
    for number in range(1_000):
        rates.hit(RATE, str(number), 1)
        assert rates.windows() <= 101


def test_counting_starts_no_thread() -> None:
    """A call waits for no thread to begin."""
    rates = Rates()
    rates.hit(RATE, "a", 1)
    before = threading.active_count()
    for number in range(100):
        rates.hit(RATE, str(number), 1)
    assert threading.active_count() <= before
