"""When a program that died is started again."""

import pytest

from infra.supervisor.backoff import LOOP, SETTLED, Backoff


def test_the_first_death_is_answered_at_once() -> None:
    """A program that is killed is back without a wait."""
    assert Backoff().died(0.0) == 0.0


def test_starts_of_a_crash_loop_lie_ever_further_apart() -> None:
    """1, 2, 4, … seconds from start to start, thirty at most."""
    backoff = Backoff()
    waits = [backoff.died(0.5) for _ in range(9)]
    assert waits == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 29.5, 29.5, 29.5]


def test_who_ran_longer_than_the_distance_is_back_at_once() -> None:
    """A service killed every five seconds is not kept waiting for its first kills."""
    backoff = Backoff()
    assert [backoff.died(5.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("ran", [SETTLED, 1000.0])
def test_a_program_that_settled_begins_anew(ran: float) -> None:
    """A death after a long life counts as the first."""
    backoff = Backoff()
    for _ in range(5):
        backoff.died(0.1)
    assert backoff.looping
    assert backoff.died(ran) == 0.0
    assert (backoff.deaths, backoff.looping) == (1, False)


def test_a_program_that_runs_is_forgiven_once_it_has_settled() -> None:
    """The count of deaths is dropped while it runs, not before it settled."""
    backoff = Backoff()
    for _ in range(LOOP):
        backoff.died(0.1)
    backoff.lives(SETTLED - 1)
    assert backoff.looping
    backoff.lives(SETTLED)
    assert backoff.deaths == 0
