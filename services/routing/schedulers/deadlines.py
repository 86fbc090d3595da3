"""The deadline watch: says when due dates come near and pass.

It asks an index what is to be said by now, so a look at which nothing is due costs the same
whatever the number of open dossiers. What it says is decided from the events, not from the index.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from sqlalchemy import Select, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.escalation_recipients import name_who
from services.routing.domain.alarms import key_of
from services.routing.domain.decider import State, alarms
from services.routing.domain.state import Key, limits
from services.routing.tables import DEADLINES
from services.routing.views.case import rewrite_due_dates

if TYPE_CHECKING:
    from services.routing.application.handlers import CaseHandlers

DOSSIERS_AT_ONCE = 250


def due_rows(now: int, limit: int = DOSSIERS_AT_ONCE) -> Select[Any]:
    """Select the earliest alarms that lie before ``now``."""
    return (
        select(DEADLINES)
        .where(DEADLINES.c.next_alarm_at < now)
        .order_by(DEADLINES.c.next_alarm_at, DEADLINES.c.dossier_code)
        .limit(limit)
    )


def watch_deadlines(office: CaseHandlers) -> Callable[[UnitOfWork, int], int]:
    """Return the watch: it says what is true by now of a limited number of due dates, and gives how
    many it said.

    Called again while it gives more than 0, it catches up after an outage, each thing once.
    """

    def watch(uow: UnitOfWork, now: int) -> int:
        found: dict[str, list[Key]] = {}
        for row in uow.query(due_rows(now)):
            found.setdefault(row.dossier_code, []).append((row.scope, row.number))
        uow.prefetch_states(found)
        return sum(_say(uow, office, code, keys, now) for code, keys in found.items())

    return watch


def _say(uow: UnitOfWork, office: CaseHandlers, code: str, found: Sequence[Key], now: int) -> int:
    state: State = uow.state(code)
    due, reached = limits(state), alarms(state, now)
    if not reached:  # a row that is not what the state says must not come up again
        rewrite_due_dates(uow, code, state, found)
    for alarm in reached:
        if isinstance(alarm, DeadlineEscalated):
            name_who(uow, office, state, alarm, now)
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
