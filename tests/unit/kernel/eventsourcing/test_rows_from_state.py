"""A model whose rows are a function of the state is handed the state before and after."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.routing.v1.case_events_pb2 import CaseResumed, StepOpened
from sqlalchemy import Connection, create_engine, event

from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.events import make_event, name_of
from tests.support.tally import ANSWERED, KERNEL, METADATA, SOURCE

CAUSE: dict[str, Any] = {
    "actor": Actor(kind=ActorKind.ACTOR_KIND_SYSTEM),
    "occurred_at": 1,
    "recorded_at": 1,
    "causation_id": "",
    "correlation_id": "",
}
FAULTY = "faulty"


def _evolve(count: int, happened: Event) -> int:
    return count + (name_of(happened) == "CaseResumed")


def _write(uow: UnitOfWork, stream_id: str, before: int, after: int) -> None:
    if stream_id == FAULTY:
        raise ValueError(stream_id)
    changes.append((stream_id, before, after))
    uow.put(ANSWERED, {"dossier_code": stream_id, "answers": after})


changes: list[tuple[str, int, int]] = []
MODEL = Model(SOURCE, "dossier", KERNEL, initial=0, evolve=_evolve, write=_write)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A new database, in a transaction."""
    changes.clear()
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _unit(connection: Connection, model: Model = MODEL) -> UnitOfWork:
    return UnitOfWork(connection, model, None, 1)


def test_rows_are_written_from_before_and_after(connection: Connection) -> None:
    """For events that are decided here, and for those of the log; one that changes nothing is no
    difference.
    """
    uow = _unit(connection)
    uow.append("a", [CaseResumed(), StepOpened(), CaseResumed()], **CAUSE)
    read = make_event("b", SOURCE, 1, CaseResumed(), **CAUSE)
    uow.ingest(read, read.SerializeToString())
    assert changes == [("a", 0, 1), ("a", 1, 2), ("b", 0, 1)]
    uow.flush()
    assert _unit(connection).get(ANSWERED, "a") == {"dossier_code": "a", "answers": 2}


def test_other_sources_and_other_kinds_of_streams_have_no_state(connection: Connection) -> None:
    """What they change is a matter of projections."""
    uow = _unit(connection)
    other = make_event("a", "intake", 1, SupplementSubmitted(), **CAUSE)
    uow.ingest(other, other.SerializeToString())
    uow.append("a", [CaseResumed()], **CAUSE, kind="officer")
    assert changes == []
    assert uow.state("a") == 0


def test_the_states_of_a_batch_are_read_at_once(connection: Connection) -> None:
    """Of all streams whose heights were read together, by the first that asks; then none again."""
    first = _unit(connection)
    names = [f"s{n}" for n in range(20)]
    for name in names:
        first.append(name, [CaseResumed(), CaseResumed()], **CAUSE)
    first.flush()
    changes.clear()
    uow = _unit(connection)
    uow.prefetch(KERNEL.streams, [*names, "new"])
    statements: list[str] = []
    event.listen(
        connection, "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )
    for name in [*names, "new"]:
        read = make_event(name, SOURCE, 3 if name != "new" else 1, CaseResumed(), **CAUSE)
        uow.ingest(read, read.SerializeToString())
    assert changes == [*((name, 2, 3) for name in names), ("new", 0, 1)]
    assert len(statements) == 1


def test_what_could_not_be_written_is_not_known_either(connection: Connection) -> None:
    """A state whose rows failed is not kept for the jobs that share the transaction."""
    uow = _unit(connection)
    with pytest.raises(ValueError, match=FAULTY):
        uow.append(FAULTY, [CaseResumed()], **CAUSE)
    assert uow.changes == 0
    assert uow.state(FAULTY) == 0


def test_a_model_without_such_rows_folds_nothing_that_nobody_asked_for(
    connection: Connection,
) -> None:
    """Its events are kept, and folded when the state is asked for."""
    folded: list[Event] = []

    def evolve(count: int, happened: Event) -> int:
        folded.append(happened)
        return count + 1

    uow = _unit(connection, dataclasses.replace(MODEL, evolve=evolve, write=None))
    uow.append("a", [CaseResumed()], **CAUSE)
    assert folded == []
    assert uow.state("a") == 1


def test_rows_are_written_once_a_stream_where_they_are_written_at_flush(
    connection: Connection,
) -> None:
    """From the state before the first event to the state after the last; a query sees them."""
    uow = _unit(connection)
    uow.rows_at_flush = True
    uow.append("a", [CaseResumed(), StepOpened(), CaseResumed()], **CAUSE)
    uow.append("b", [StepOpened()], **CAUSE)
    assert changes == []
    assert [tuple(row) for row in uow.query(ANSWERED.select())] == [("a", 2)]
    assert changes == [("a", 0, 2)]
    uow.append("a", [CaseResumed()], **CAUSE)
    uow.flush()
    uow.flush()
    assert changes == [("a", 0, 2), ("a", 2, 3)]
    assert _unit(connection).get(ANSWERED, "a") == {"dossier_code": "a", "answers": 3}
