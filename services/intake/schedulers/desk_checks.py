"""The watch over the desk: an online dossier is to be checked within eight working hours.

It asks an index of which dossiers something is to be said by now, so a look at which there is none
costs the same whatever the number of dossiers. What it says is decided from the events, not from
the index.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Select, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.domain.desk_check import alarm, missed
from services.intake.domain.state import State
from services.intake.tables import DOSSIERS, KERNEL

DOSSIERS_AT_ONCE = 250


def due_rows(now: int, limit: int = DOSSIERS_AT_ONCE) -> Select[Any]:
    """Select the dossiers of whose time to be checked something is to be said before ``now``, the
    earliest first.
    """
    return (
        select(DOSSIERS.c.dossier_code)
        .where(DOSSIERS.c.check_alarm_at < now)
        .order_by(DOSSIERS.c.check_alarm_at, DOSSIERS.c.dossier_code)
        .limit(limit)
    )


def watch_checks(uow: UnitOfWork, now: int) -> int:
    """Return of a limited number of dossiers that the desk's time is nearly over, or has ended;
    gives how many.

    Called again while it gives more than 0, it catches up after an outage, each dossier once.
    """
    codes = [row.dossier_code for row in uow.query(due_rows(now))]
    for table in (DOSSIERS, KERNEL.streams):
        uow.prefetch(table, codes)
    return sum(_look(uow, code, now) for code in codes)


def _look(uow: UnitOfWork, code: str, now: int) -> int:
    state: State = uow.state(code)
    check = state.awaited
    said = alarm(check, state.unit, now)
    if said is None:  # the row lags behind the events
        uow.change(DOSSIERS, code, check_alarm_at=check.alarm_at if check else None)
        return 0
    _say(uow, code, said, now, now)
    return 1


def say_missed(uow: UnitOfWork, code: str, state: State, at: int, now: int) -> None:
    """Say, if it is so at an instant and was not said, that the desk's time has ended.

    Whoever accepts or refuses calls it first: that the desk was late does not depend on when the
    watch looks. A warning would be of no use to them.
    """
    said = missed(state.awaited, state.unit, at)
    if said is not None:
        _say(uow, code, said, at, now)


def _say(uow: UnitOfWork, code: str, said: Message, at: int, now: int) -> None:
    submitted = uow.own_events(code)[0]
    uow.append(
        code,
        [said],
        actor=uow.system_actor(),
        occurred_at=at,
        recorded_at=now,
        causation_id=submitted.event_id,
        correlation_id=submitted.correlation_id,
    )
