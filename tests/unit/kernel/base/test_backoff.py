"""The delays of loops that wait and try again."""

import random

import pytest

from kernel.base.backoff import ExponentialBackoff


def test_delays_grow_to_a_limit_and_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each delay is a multiple of the one before, never more than the longest; a success resets."""
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)
    delays = ExponentialBackoff(0.5, 3.0)

    assert [delays.next_delay() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    delays.reset()
    assert delays.next_delay() == 0.5
    steep = ExponentialBackoff(1.0, 100.0, factor=4.0)
    assert [steep.next_delay() for _ in range(4)] == [1.0, 4.0, 16.0, 64.0]


def test_processes_that_failed_together_do_not_try_together() -> None:
    """A delay is drawn from its upper half."""
    delays = [ExponentialBackoff(1.0, 1.0).next_delay() for _ in range(100)]

    assert all(0.5 <= delay <= 1.0 for delay in delays)
    assert len(set(delays)) > 50
