"""A record at whose place in its stream another event was taken is never a repeat.

It was forged, or written by a service whose database had lost events.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import DISCARD, KERNEL, SEEN, Node

CODE = code_of(1)


@pytest.fixture
def log() -> LogInMemory:
    """An empty log."""
    return LogInMemory()


@pytest.fixture
def node(log: LogInMemory, tmp_path: Path) -> Iterator[Node]:
    """A service that follows it."""
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}") as made:
        yield made


def quarantined(node: Node) -> list[tuple[int, str]]:
    """List what is in quarantine, discarded records too: offset and reason."""
    return [(row["offset"], row["reason"]) for row in node.rows(KERNEL.quarantine)]


def supplements(node: Node, code: str = CODE) -> int:
    """Return how many supplements of a dossier have taken effect."""
    return sum(row["supplements"] for row in node.rows(SEEN) if row["dossier_code"] == code)


def test_the_same_bytes_are_a_repeat(log: LogInMemory, node: Node) -> None:
    """A relay that was killed sends again what it has sent: that is counted and skipped."""
    first, second = supplement(CODE, 1), supplement(CODE, 2)
    log.put([first, second, first, second, first])
    wait_until(lambda: node.consumer.status().repeats == 3)
    assert (supplements(node), quarantined(node)) == (2, [])


def test_other_bytes_hold_the_stream(log: LogInMemory, node: Node) -> None:
    """Also far behind the last event, and whoever claims to have written it; other streams go
    on."""
    log.put([supplement(CODE, 1), supplement(CODE, 2), supplement(CODE, 3)])
    log.put([supplement(CODE, 1, 7)])
    log.put([supplement(CODE, 4), supplement(code_of(2), 1)])
    wait_until(lambda: len(quarantined(node)) == 2 and supplements(node, code_of(2)) == 1)
    assert quarantined(node) == [(3, "conflicting"), (4, "behind")]
    assert supplements(node) == 3
    assert node.consumer.status().repeats == 0


def test_it_stays_until_an_operator_gives_it_up(log: LogInMemory, node: Node) -> None:
    """To try it again changes nothing; given up, the stream goes on after it."""
    log.put([supplement(CODE, 1), supplement(CODE, 1, 7), supplement(CODE, 2)])
    wait_until(lambda: len(quarantined(node)) == 2)
    node.consumer.quarantine.redrive(CODE)
    assert quarantined(node) == [(1, "conflicting"), (2, "behind")]
    node.consumer.quarantine.redrive(CODE, discard=DISCARD)
    wait_until(lambda: supplements(node) == 2)
    assert quarantined(node) == [(1, "discarded")]


def test_what_was_given_up_may_come_late(log: LogInMemory, node: Node) -> None:
    """Nothing is known of the events before a gap that an operator gave up: when one comes after
    all, it is skipped, and contradicts nothing."""
    log.put([supplement(CODE, 1), supplement(CODE, 4)])
    wait_until(lambda: quarantined(node) == [(1, "gap")])
    node.consumer.quarantine.redrive(CODE, discard=DISCARD)
    log.put([supplement(CODE, 3), supplement(CODE, 5)])
    wait_until(lambda: supplements(node) == 2)
    assert quarantined(node) == [(1, "discarded")]
    log.put([supplement(CODE, 5, 7)])
    wait_until(lambda: len(quarantined(node)) == 2)
    assert quarantined(node)[1][1] == "conflicting"
