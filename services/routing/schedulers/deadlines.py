"""Scheduler of due dates: writes events when they come near, pass or reach an escalation level.

An index lists the alarms that are due, so that a run that finds none costs the same whatever the
number of open dossiers. Which event is written is decided from the events, not from the index.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from sqlalchemy import Select, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import Scheduler, each_stream
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.escalation_recipients import name_who
from services.routing.domain.alarms import key_of
from services.routing.domain.decider import State, alarms
from services.routing.domain.state import Key, limits
from services.routing.tables import DEADLINES
from services.routing.views.case import rewrite_due_dates

DOSSIERS_AT_ONCE = 250


def due_alarms(
    now: int, limit: int = DOSSIERS_AT_ONCE, left_out: Collection[str] = ()
) -> Select[Any]:
    """Select the earliest alarms that lie before ``now``, without those of some dossiers."""
    code = DEADLINES.c.dossier_code
    due = select(DEADLINES).where(DEADLINES.c.next_alarm_at < now)
    wanted = due.where(code.not_in(left_out)) if left_out else due
    return wanted.order_by(DEADLINES.c.next_alarm_at, code).limit(limit)


def deadline_scheduler(loader: CaseContextLoader) -> Scheduler:
    """Return the scheduler: it writes the alarms due by now of a limited number of dossiers.

    It returns how many it wrote. Called again while that is more than 0, it catches up after an
    outage, each alarm once.
    """

    def run(uow: UnitOfWork, now: int, left_out: Collection[str] = (), /) -> int:
        found: dict[str, list[Key]] = {}
        for row in uow.query(due_alarms(now, left_out=left_out)):
            found.setdefault(row.dossier_code, []).append((row.scope, row.number))
        uow.prefetch_states(found)
        return each_stream(found, lambda code: _append_alarms(uow, loader, code, found[code], now))

    return run


def _append_alarms(
    uow: UnitOfWork, loader: CaseContextLoader, code: str, found: Sequence[Key], now: int
) -> int:
    state: State = uow.state(code)
    due, reached = limits(state), alarms(state, now)
    if not reached:  # a row that is not what the state says must not come up again
        rewrite_due_dates(uow, code, state, found)
    for alarm in reached:
        if isinstance(alarm, DeadlineEscalated):
            name_who(uow, loader, state, alarm, now)
        limit = due[key_of(alarm)]
        cause = limit and limit.cause
        uow.append(
            code,
            [alarm],
            actor=uow.system_actor(),
            occurred_at=now,
            recorded_at=now,
            causation_id=cause.event_id if cause else "",
            correlation_id=cause.correlation_id if cause else "",
        )
    return len(reached)
