"""The deadline watch: says when due dates come near and pass.

It asks an index what is to be said by now, so a look at which nothing is due costs the same
whatever the number of open dossiers. What it says is decided from the events, not from the index.
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


def due_rows(now: int, limit: int = DOSSIERS_AT_ONCE) -> Select[Any]:
    """Select the earliest alarms that lie before ``now``."""
    return (
        select(DEADLINES)
        .where(DEADLINES.c.next_alarm_at < now)
        .order_by(DEADLINES.c.next_alarm_at, DEADLINES.c.dossier_code)
        .limit(limit)
    )


def watch_deadlines(loader: CaseContextLoader) -> Callable[[UnitOfWork, int], int]:
    """Return the watch: it says what is true by now of a limited number of due dates, and gives how
    many it said.

    Called again while it gives more than 0, it catches up after an outage, each thing once.
    """

    def watch(uow: UnitOfWork, now: int) -> int:
        codes = dict.fromkeys(row.dossier_code for row in uow.query(due_rows(now)))
        for table in (DEADLINES, KERNEL.streams):
            uow.prefetch(table, codes)
        states: dict[str, State] = {code: uow.state(code) for code in codes}
        return sum(_say(uow, loader, code, state, now) for code, state in states.items())

    return watch


def _say(uow: UnitOfWork, loader: CaseContextLoader, code: str, state: State, now: int) -> int:
    said = alarms(state, now)
    if not said:
        deadline_rows.mend(uow, code, state)
    for alarm in said:
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
    return len(said)
