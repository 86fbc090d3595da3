"""Reactions of a stream keep their order, and one that fails for ever can be given up."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierRefused, SupplementSubmitted
from motcua.routing.v1.case_events_pb2 import CaseResumed

from kernel.base.clock import RealClock
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import accepted
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.reactions import run_some
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from tests.support.events import make_event
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import DISCARD, KERNEL, METADATA, MODEL, SEEN

CODE = code_of(1)
BROKEN = 7
"""A supplement of this round makes the reaction raise."""


def fail(_uow: UnitOfWork, _event: Event, payload: SupplementSubmitted) -> Sequence[Message]:
    """React, or raise."""
    if payload.round == BROKEN:
        raise ValueError("this reaction fails for ever")
    return [CaseResumed()]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    """A writer on an empty database, which reacts to supplements by their order."""
    engine = open_engine(f"sqlite:///{tmp_path / 'tally.sqlite'}", "tally")
    METADATA.create_all(engine)
    made = Writer(engine, dataclasses.replace(MODEL, reactions={SupplementSubmitted: _note}))
    ORDER.clear()
    made.start()
    yield made
    made.stop()
    engine.dispose()


ORDER: list[int] = []


def _note(_uow: UnitOfWork, event: Event, _payload: Message) -> Sequence[Message]:
    ORDER.append(event.sequence)
    return [CaseResumed()]


def apply(writer: Writer, events: Sequence[Event], offset: int, *, reacting: bool) -> None:
    """Handle records from an offset on: by bulk read, which leaves reactions for later, or as they
    come live.
    """
    records = [
        Record(0, place, event.stream_id.encode(), event.SerializeToString(), [])
        for place, event in enumerate(events, offset)
    ]
    batch = accepted((record, record.offset) for record in records)
    applier = Applier("t", RealClock(), reacting=reacting)
    writer.exclusive(lambda uow: applier.apply(uow, batch, {})).result(10)


def test_a_record_that_a_gap_has_held_waits_for_what_is_pending(writer: Writer) -> None:
    """Though the record that closes the gap is none that asks for a reaction."""
    first, third = supplement(CODE, 1), supplement(CODE, 3)
    second = make_event(
        CODE,
        "intake",
        2,
        DossierRefused(),
        actor=Actor(kind=ActorKind.ACTOR_KIND_OFFICER),
        occurred_at=1,
        recorded_at=1,
        causation_id="",
        correlation_id=CODE,
    )
    writer.exclusive(lambda uow: positions.begin(uow, [0])).result(10)
    apply(writer, [first, third], 0, reacting=False)
    apply(writer, [second], 2, reacting=True)
    while writer.exclusive(lambda uow: run_some(uow, RealClock())[0]).result(10):
        pass
    assert ORDER == [1, 3]


def test_a_reaction_that_fails_for_ever_is_given_up(tmp_path: Path) -> None:
    """Its record keeps its effect, nothing stays in quarantine or pending, and the dossier goes
    on."""
    log = LogInMemory()
    model = dataclasses.replace(MODEL, reactions={SupplementSubmitted: fail})
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}", model=model) as node:
        log.put([supplement(CODE, 1, BROKEN)])
        wait_until(lambda: node.consumer.quarantine.count() == 1)
        node.consumer.quarantine.redrive(CODE, discard=DISCARD)
        log.put([supplement(CODE, 2)])
        wait_until(lambda: len(node.events()) == 1)
        assert node.consumer.quarantine.count() == 0
        assert node.rows(KERNEL.pending_reactions) == []
        assert [row["supplements"] for row in node.rows(SEEN)] == [2]
        answered = Event.FromString(node.events()[0]["body"])
        second = next(
            event for event in log.read() if event.stream_id == CODE and event.sequence == 2
        )
        assert answered.causation_id == second.event_id
