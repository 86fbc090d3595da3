"""The rows of a case are a function of its state: what differs between two states is written.

``case_rows``, ``deadline_rows`` and ``collaboration_rows`` say what the rows of a state are; here
is when they reach the database. What intake's events say of the dossier, and the officers' streams,
stand in no case's state: ``intake`` and ``absences`` follow those events. Columns of ``cases``
belong to one source each, so that a rebuild, which meets the sources' events interleaved otherwise,
ends with the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Table

from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from services.routing.domain.state import INITIAL, Key, State
from services.routing.tables import (
    CASES,
    CONSULTATIONS,
    DEADLINES,
    PARTICIPANTS,
    SUBSTITUTIONS,
    TIMERS,
    WORK,
)
from services.routing.views import absences, intake
from services.routing.views.case_rows import case_columns, work_row
from services.routing.views.collaboration_rows import (
    consultation_rows,
    participant_rows,
    substitute_rows,
)
from services.routing.views.deadline_rows import (
    due_date_row,
    due_dates,
    same_due_dates,
    timer_row,
)

PROJECTIONS: dict[type[Message], Projection] = {**intake.PROJECTIONS, **absences.PROJECTIONS}


def write(uow: UnitOfWork, code: str, before: State, after: State) -> None:
    """Write the rows of a case that differ between its states before some events and after."""
    if _write_case(uow, code, after):
        _write_one(uow, WORK, code, work_row(code, before), work_row(code, after))
    if not same_due_dates(before, after):
        _write_due_dates(uow, code, before, after)
    old, new = before.work, after.work
    if old.timers or new.timers:
        _write_one(uow, TIMERS, code, timer_row(code, before), timer_row(code, after))
    if old.asked is not new.asked or (new.asked and before.status is not after.status):
        asked = consultation_rows(code, before), consultation_rows(code, after)
        _write(uow, CONSULTATIONS, code, *asked)
    if old.participants is not new.participants:
        taking_part = participant_rows(code, before), participant_rows(code, after)
        _write(uow, PARTICIPANTS, code, *taking_part)
    if old.delegations is not new.delegations:
        _write(
            uow, SUBSTITUTIONS, code, substitute_rows(code, before), substitute_rows(code, after)
        )


def _write_case(uow: UnitOfWork, code: str, state: State) -> bool:
    """Write a case's row beside what intake's events have put there; False when it says it all."""
    row, columns = uow.get(CASES, code), case_columns(state)
    if row is not None and {**row, **columns} == row:
        return False
    uow.change(CASES, code, **columns)
    return True


def rewrite_due_dates(uow: UnitOfWork, code: str, state: State, found: Iterable[Key]) -> None:
    """Write all due dates of a case, and remove those that were found but are none of its own."""
    for key in found:
        uow.delete(DEADLINES, code, *key)
    _write_due_dates(uow, code, INITIAL, state)


def _write_due_dates(uow: UnitOfWork, code: str, before: State, after: State) -> None:
    old, new = due_dates(before), due_dates(after)
    for key, entry in new.items():
        if old.get(key) != entry:
            uow.put(DEADLINES, due_date_row(code, key, entry))
    for key in old:
        if key not in new:
            uow.delete(DEADLINES, code, *key)


def _write_one(
    uow: UnitOfWork, table: Table, code: str, before: Row | None, after: Row | None
) -> None:
    if after is None:
        if before is not None:
            uow.delete(table, code)
    elif after != before:
        uow.put(table, after)


def _write(
    uow: UnitOfWork,
    table: Table,
    code: str,
    before: Mapping[Any, Row],
    after: Mapping[Any, Row],
) -> None:
    """Write the rows of a table whose key is the dossier's code and one thing more."""
    for key, row in after.items():
        if before.get(key) != row:
            uow.put(table, row)
    for key in before:
        if key not in after:
            uow.delete(table, code, key)
