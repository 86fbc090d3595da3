"""What was decided follows from the log alone: a service whose database was lost, or that was
upgraded, decides nothing again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.operations.v1.service_events_pb2 import (
    ReactionsBroughtNothing,
    ReactionsIntroduced,
    RecordDiscarded,
)
from motcua.routing.v1.case_events_pb2 import CaseResumed

from kernel.consumer.decisions import without_outcome
from kernel.eventsourcing.envelope import payload_as, payload_type
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import (
    BOTH,
    DISCARD,
    HEARD,
    KERNEL,
    MENDED,
    MODEL,
    OTHER,
    POISON,
    SEEN,
    SILENT,
    THIRD,
    Node,
)

CODE = code_of(1)
NewUrl = Callable[[], str]
M = TypeVar("M", bound=Message)


@pytest.fixture
def log() -> LogInMemory:
    """An empty log."""
    return LogInMemory()


@pytest.fixture
def new_url(tmp_path: Path) -> NewUrl:
    """Return a function that makes the address of a database that is empty: one that was lost."""
    made: list[str] = []

    def make() -> str:
        made.append(f"sqlite:///{tmp_path / f'tally{len(made)}.sqlite'}")
        return made[-1]

    return make


def ready(node: Node) -> None:
    """Wait until a service has read the log, and published what it has to say of it."""
    wait_until(node.is_ready)
    wait_until(lambda: not node.rows(KERNEL.outbox))


def heard(node: Node) -> int:
    """Return how many supplements were handled."""
    return len(node.rows(HEARD))


def _has_heard(node: Node, number: int) -> bool:
    return heard(node) == number


def of_type(log: LogInMemory, kind: type[M]) -> list[M]:
    """Return the payloads of a type that are on the log."""
    return [payload_as(event, kind) for event in log.read() if payload_type(event) is kind]


def play(log: LogInMemory, node: Node, rounds: int = 3) -> list[Event]:
    """Have supplements of one dossier come, each once the one before was handled; return them."""
    sent = []
    for number in range(1, rounds + 1):
        sent.append(supplement(CODE, number))
        log.put(sent[-1:])
        wait_until(partial(_has_heard, node, number))
    return sent


def test_a_reaction_that_brought_nothing_is_not_run_again(
    log: LogInMemory, new_url: NewUrl
) -> None:
    """Though it would bring something by the state of today."""
    with log.node(new_url(), model=THIRD) as node:
        ready(node)
        sent = play(log, node)
        wait_until(lambda: len(node.events()) == 1)
    with log.node(new_url(), model=THIRD) as node:
        ready(node)
        assert [row["causation_id"] for row in node.events()] == [sent[2].event_id]
        assert not node.rows(KERNEL.pending_reactions)
        assert not node.rows(KERNEL.causes_without_outcome)


def test_what_brought_nothing_is_recorded_together(
    log: LogInMemory, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By time, and at the end; and when nothing has happened since, nothing is."""
    monkeypatch.setattr(without_outcome, "INTERVAL", 0.2)
    url = new_url()
    with log.node(url, model=THIRD) as node:
        ready(node)
        first = play(log, node, 2)
        wait_until(lambda: len(of_type(log, ReactionsBroughtNothing)) >= 1)
        wait_until(lambda: not node.rows(KERNEL.causes_without_outcome))
        count = len(of_type(log, ReactionsBroughtNothing))
    with log.node(url, model=THIRD) as node:
        ready(node)
    found = of_type(log, ReactionsBroughtNothing)
    assert len(found) == count <= 2
    assert sorted(c for each in found for c in each.causes) == sorted(e.event_id for e in first)


def test_what_was_not_recorded_is_decided_again_as_after_a_pause(
    log: LogInMemory, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound: a service that was killed, and lost its database too, runs again what it had
    decided since the last record, in order and by the state of now, and nothing of before.
    """
    with log.node(new_url(), model=THIRD) as node:
        ready(node)
        sent = play(log, node, 1)
    monkeypatch.setattr(without_outcome, "record", lambda *_args, **_named: 0)
    with log.node(new_url(), model=THIRD) as node:
        ready(node)
        log.put([supplement(CODE, 2)])
        wait_until(lambda: heard(node) == 2)
        log.put([supplement(CODE, 3)])
        wait_until(lambda: len(node.events()) == 1)
        wait_until(lambda: not node.rows(KERNEL.outbox))
    with log.node(new_url(), model=THIRD) as node:
        ready(node)
        causes = {row["causation_id"] for row in node.events()}
        assert sent[0].event_id not in causes
        assert len(causes) == 2


@pytest.mark.parametrize("before", [SILENT, OTHER], ids=["none", "other"])
def test_a_new_reaction_does_not_run_over_the_past(
    log: LogInMemory, new_url: NewUrl, before: Model
) -> None:
    """Neither in the upgraded database nor in one made again, and both react to what comes."""
    url = new_url()
    with log.node(url, model=before) as node:
        ready(node)
        play(log, node)
    with log.node(url, model=BOTH) as node:
        ready(node)
        assert node.events() == []
    introduced = of_type(log, ReactionsIntroduced)[-1]
    assert SupplementSubmitted.DESCRIPTOR.full_name in introduced.causes
    assert max(introduced.positions) >= 3
    with log.node(new_url(), model=BOTH) as node:
        ready(node)
        assert node.events() == []
        assert heard(node) == 3
        log.put([supplement(CODE, 4)])
        wait_until(lambda: len(node.events()) == 1)
    assert len(of_type(log, ReactionsIntroduced)) == (1 if before is SILENT else 2)


def test_a_reaction_added_while_the_database_is_lost_begins_then(
    log: LogInMemory, new_url: NewUrl
) -> None:
    """The service's stream shows which reactions there were before."""
    with log.node(new_url(), model=OTHER) as node:
        ready(node)
        play(log, node)
    with log.node(new_url(), model=BOTH) as node:
        ready(node)
        assert node.events() == []


def test_a_new_service_reacts_to_what_waits_for_it(log: LogInMemory, new_url: NewUrl) -> None:
    """Its reactions have no beginning; and to start it once more writes nothing more."""
    log.put([supplement(CODE, 1), supplement(CODE, 2)])
    for _start in range(2):
        with log.node(new_url()) as node:
            ready(node)
            assert len(node.events()) == 2
    (introduced,) = of_type(log, ReactionsIntroduced)
    assert list(introduced.causes) == [SupplementSubmitted.DESCRIPTOR.full_name]
    assert not introduced.positions


def test_what_was_discarded_stays_discarded(log: LogInMemory, new_url: NewUrl) -> None:
    """Also for a release that could handle it; the log says who gave it up, and why."""
    with log.node(new_url()) as node:
        ready(node)
        log.put([supplement(CODE, 1), supplement(CODE, 2, POISON), supplement(CODE, 3)])
        log.put_raw([(b"x", b"\xff")])
        wait_until(lambda: node.consumer.quarantine.count() == 3)
        found = {row.reason: row for row in node.consumer.quarantine.list()}
        garbage = found["undecodable"]
        node.consumer.quarantine.redrive(CODE, discard=DISCARD)
        node.consumer.quarantine.redrive("", garbage.partition, garbage.offset, discard=DISCARD)
        wait_until(lambda: len(node.events()) == 2)
        assert node.consumer.quarantine.count() == 0
        seen, given_up = node.rows(SEEN), node.rows(KERNEL.quarantine)
        own = [Event.FromString(row["body"]) for row in node.rows(KERNEL.events)]
    for model in (MODEL, MENDED):
        with log.node(new_url(), model=model) as node:
            ready(node)
            assert node.consumer.quarantine.count() == 0
            assert node.rows(SEEN) == seen
            assert [(r["offset"], r["reason"]) for r in node.rows(KERNEL.quarantine)] == [
                (r["offset"], r["reason"]) for r in given_up
            ]
    written = [event for event in own if payload_type(event) is RecordDiscarded]
    poison, bytes_ = (payload_as(event, RecordDiscarded) for event in written)
    assert (poison.stream_id, poison.reason, poison.error) == (CODE, "handler_error", "Poisoned")
    assert (bytes_.event_id, bytes_.offset) == ("", garbage.offset)
    assert [event.actor.id for event in written] == [DISCARD.actor.id] * 2


def test_a_reaction_that_was_given_up_stays_so(log: LogInMemory, new_url: NewUrl) -> None:
    """Its record has its effect; a release that has mended the reaction does not run it."""

    def fail(_uow: UnitOfWork, _event: Event, payload: SupplementSubmitted) -> Sequence[Message]:
        if payload.round == 7:
            raise ValueError("this reaction fails for ever")
        return [CaseResumed()]

    broken = dataclasses.replace(MODEL, reactions={SupplementSubmitted: fail})
    log.put([supplement(CODE, 1, 7)])
    with log.node(new_url(), model=broken) as node:
        wait_until(lambda: node.consumer.quarantine.count() == 1)
        node.consumer.quarantine.redrive(CODE, discard=DISCARD)
        ready(node)
    with log.node(new_url()) as node:
        ready(node)
        assert node.events() == []
        assert [row["supplements"] for row in node.rows(SEEN)] == [1]


def test_another_record_is_not_discarded(log: LogInMemory, new_url: NewUrl) -> None:
    """A discard names its record by its bytes: another one with the same event id is not meant."""
    event = supplement(CODE, 1, POISON)
    log.put([event])
    with log.node(new_url()) as node:
        wait_until(lambda: node.consumer.quarantine.count() == 1)
        node.consumer.quarantine.redrive(CODE, discard=DISCARD)
        ready(node)
    other = LogInMemory()
    changed = Event()
    changed.CopyFrom(event)
    changed.correlation_id = "another"
    discarded = [e for e in log.read() if payload_type(e) is RecordDiscarded]
    other.put([changed, *discarded])
    with other.node(new_url(), model=MENDED) as node:
        ready(node)
        assert heard(node) == 1
