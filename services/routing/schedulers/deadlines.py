"""Scheduler of due dates: writes events when they come near, pass or reach an escalation level.

An index lists the alarms that are due, so that a run that finds none costs the same whatever the
number of open dossiers. Which event is written is decided from the events, not from the index.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from sqlalchemy import Select, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.escalation_recipients import name_who
from services.routing.domain.alarms import key_of
from services.routing.domain.decider import State, alarms
from services.routing.tables import DEADLINES, KERNEL
from services.routing.views import deadline_rows

DOSSIERS_AT_ONCE = 250


def due_alarms(now: int, limit: int = DOSSIERS_AT_ONCE) -> Select[Any]:
    """Select the earliest alarms that lie before ``now``."""
    return (
        select(DEADLINES)
        .where(DEADLINES.c.next_alarm_at < now)
        .order_by(DEADLINES.c.next_alarm_at, DEADLINES.c.dossier_code)
        .limit(limit)
    )


def deadline_scheduler(loader: CaseContextLoader) -> Callable[[UnitOfWork, int], int]:
    """Return the scheduler: it writes the alarms due by now of a limited number of dossiers.

    It returns how many it wrote. Called again while that is more than 0, it catches up after an
    outage, each alarm once.
    """

    def run(uow: UnitOfWork, now: int) -> int:
        codes = dict.fromkeys(row.dossier_code for row in uow.query(due_alarms(now)))
        for table in (DEADLINES, KERNEL.streams):
            uow.prefetch(table, codes)
        states: dict[str, State] = {code: uow.state(code) for code in codes}
        return sum(_append_alarms(uow, loader, code, state, now) for code, state in states.items())

    return run


def _append_alarms(
    uow: UnitOfWork, loader: CaseContextLoader, code: str, state: State, now: int
) -> int:
    due = alarms(state, now)
    if not due:
        deadline_rows.mend(uow, code, state)
    for alarm in due:
        if isinstance(alarm, DeadlineEscalated):
            name_who(uow, loader, state, alarm, now)
        row = uow.get(DEADLINES, code, *key_of(alarm)) or {}
        uow.append(
            code,
            [alarm],
            actor=uow.system_actor(),
            occurred_at=now,
            recorded_at=now,
            causation_id=row.get("cause_id", ""),
            correlation_id=row.get("correlation_id", ""),
        )
    return len(due)
