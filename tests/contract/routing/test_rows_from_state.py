"""Rows are a function of a case's state, and the state of its events."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Table, create_engine, select

from benchmarks import week
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.domain import collaboration_evolve, collaboration_state
from services.routing.domain import due_dates as due_dates_module
from services.routing.domain import evolve as evolving
from services.routing.domain import state as states
from services.routing.domain.decider import INITIAL, State, evolve
from services.routing.tables import (
    CASES,
    CONSULTATIONS,
    DEADLINES,
    METADATA,
    PARTICIPANTS,
    SOURCE,
    SUBSTITUTIONS,
    TIMERS,
    WORK,
)
from services.routing.views.case_rows import case_columns, work_row
from services.routing.views.collaboration_rows import (
    consultation_rows,
    participant_rows,
    substitute_rows,
)
from services.routing.views.deadline_rows import due_date_row, due_dates, timer_row
from tests.golden import histories
from tests.support.models import ROUTING

HISTORIES = {name: histories.bodies_in(name) for name in histories.names()}
HISTORIES["week"] = week.recorded()
OF_ONE_CASE = (WORK, DEADLINES, TIMERS, CONSULTATIONS, PARTICIPANTS, SUBSTITUTIONS)
Found = dict[str, list[Mapping[str, Any]]]


@pytest.mark.parametrize("name", HISTORIES)
def test_the_differences_add_up_to_the_rows_of_the_state(name: str) -> None:
    """After each event the rows are what the state alone says, with nothing left of before."""
    for code, state, rows, connection in _replayed(HISTORIES[name]):
        assert rows == _derived(code, state)
        row = connection.execute(select(CASES).where(CASES.c.dossier_code == code)).mappings().one()
        columns = case_columns(state)
        assert {name: row[name] for name in columns} == columns


@pytest.mark.parametrize("name", HISTORIES)
def test_a_fold_by_slots_is_the_fold_of_the_standard_library(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each state on the way is equal, whichever ``replace`` makes the copies."""
    events = [Event.FromString(body) for body in HISTORIES[name]]
    own = [event for event in events if event.source == SOURCE and event.stream_kind == "dossier"]
    fast = _states(own)
    for module in (collaboration_evolve, collaboration_state, due_dates_module, evolving, states):
        monkeypatch.setattr(module, "replace", dataclasses.replace)
    assert fast == _states(own)


def test_a_state_from_one_read_is_the_state_that_was_written() -> None:
    """With the rows: whoever loads a case anew goes on from the same."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        uow = UnitOfWork(connection, ROUTING, None, 0)
        for body in HISTORIES["week"]:
            uow.ingest(Event.FromString(body), body)
        written = uow.states()
        uow.flush()
        again = UnitOfWork(connection, ROUTING, None, 0)
        again.prefetch_states(written)
        assert again.states() == written
    engine.dispose()


def _states(events: list[Event]) -> list[State]:
    known: dict[str, State] = {}
    found = []
    for event in events:
        code = event.stream_id
        known[code] = evolve(known.get(code, INITIAL), event)
        found.append(known[code])
    return found


def _replayed(bodies: list[bytes]) -> Iterator[tuple[str, State, Found, Connection]]:
    """Read events one by one, and return for each own one the case's state and rows after it."""
    engine = create_engine("sqlite://")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        uow = UnitOfWork(connection, ROUTING, None, 0)
        for body in bodies:
            event = Event.FromString(body)
            uow.ingest(event, body)
            if event.source == SOURCE:
                uow.flush()
                code = event.stream_id
                rows = {table.name: _rows(connection, table, code) for table in OF_ONE_CASE}
                yield code, uow.state(code), rows, connection
    engine.dispose()


def _rows(connection: Connection, table: Table, code: str) -> list[Mapping[str, Any]]:
    found = select(table).where(table.c.dossier_code == code).order_by(*table.primary_key)
    return [dict(row) for row in connection.execute(found).mappings()]


def _derived(code: str, state: State) -> Found:
    due = due_dates(state).items()
    one = {WORK: work_row(code, state), TIMERS: timer_row(code, state)}
    many: dict[Table, Mapping[Any, Mapping[str, Any]]] = {
        DEADLINES: {key: due_date_row(code, key, entry) for key, entry in due},
        CONSULTATIONS: consultation_rows(code, state),
        PARTICIPANTS: participant_rows(code, state),
        SUBSTITUTIONS: substitute_rows(code, state),
    }
    found: Found = {table.name: [] if row is None else [row] for table, row in one.items()}
    return found | {
        table.name: [row for _, row in sorted(rows.items())] for table, rows in many.items()
    }
