"""Streams of two kinds may have the same id, and are apart."""

from __future__ import annotations

from typing import Any

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1.case_events_pb2 import CaseResumed
from sqlalchemy import create_engine, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.outbox.outbox import Outbox
from tests.support.tally import KERNEL, METADATA, MODEL

SAME = "1001"
CAUSE: dict[str, Any] = {
    "actor": Actor(kind=ActorKind.ACTOR_KIND_SYSTEM),
    "occurred_at": 1,
    "recorded_at": 1,
    "causation_id": "",
    "correlation_id": "",
}


def test_streams_of_the_same_id_are_numbered_apart() -> None:
    """Their sequences, events and places in the outbox are their own."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        uow = UnitOfWork(connection, MODEL, None, 1)
        uow.append(SAME, [CaseResumed(), CaseResumed()], **CAUSE)
        uow.append(SAME, [CaseResumed()], **CAUSE, kind="officer")
        uow.flush()
        assert uow.sequence(SAME, MODEL.source) == 2
        assert uow.sequence(SAME, MODEL.source, "officer") == 1
        assert [event.stream_kind for event in uow.own_events(SAME)] == ["dossier"] * 2
        rows = connection.execute(select(KERNEL.streams.c.stream_kind).order_by("stream_kind"))
        assert rows.scalars().all() == ["dossier", "officer"]
    waiting = [(row.stream, row.sequence) for row in Outbox(MODEL, engine).next()]
    dossier, officer = ("dossier", SAME), ("officer", SAME)
    assert waiting == [(dossier, 1), (dossier, 2), (officer, 1)]
    engine.dispose()
