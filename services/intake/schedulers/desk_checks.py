"""Scheduler of the desk's checks: an online dossier is to be checked within eight working hours.

An index lists the dossiers with an alarm that is due, so that a scan that finds none costs the same
whatever the number of dossiers. Which event is written is decided from the events, not from the
index.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Select, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import each_stream
from services.intake.domain.desk_check import alarm, missed
from services.intake.domain.state import State
from services.intake.tables import DOSSIERS, KERNEL

DOSSIERS_AT_ONCE = 250


def due_checks(
    now: int, limit: int = DOSSIERS_AT_ONCE, left_out: Collection[str] = ()
) -> Select[Any]:
    """Select the dossiers whose desk check has an alarm before ``now``, the earliest first, without
    some.
    """
    code = DOSSIERS.c.dossier_code
    due = select(code).where(DOSSIERS.c.check_alarm_at < now)
    wanted = due.where(code.not_in(left_out)) if left_out else due
    return wanted.order_by(DOSSIERS.c.check_alarm_at, code).limit(limit)


def scan_desk_checks(uow: UnitOfWork, now: int, left_out: Collection[str] = (), /) -> int:
    """Record for a limited number of dossiers that the desk's time is nearly over, or has ended.

    Return for how many. Called again while that is more than 0, it catches up after an outage, each
    dossier once.
    """
    codes = [row.dossier_code for row in uow.query(due_checks(now, left_out=left_out))]
    for table in (DOSSIERS, KERNEL.streams):
        uow.prefetch(table, codes)
    return each_stream(codes, lambda code: _check_dossier(uow, code, now))


def _check_dossier(uow: UnitOfWork, code: str, now: int) -> int:
    state: State = uow.state(code)
    check = state.awaited
    event = alarm(check, state.unit, now)
    if event is None:  # the row lags behind the events
        uow.change(DOSSIERS, code, check_alarm_at=check.alarm_at if check else None)
        return 0
    _append(uow, code, event, now, now)
    return 1


def record_missed(uow: UnitOfWork, code: str, state: State, at: int, now: int) -> None:
    """Record that the desk's time has ended, if it has at an instant and that is not recorded.

    Whoever accepts or refuses calls it first: that the desk was late does not depend on when the
    scheduler runs. A warning would be of no use to them.
    """
    event = missed(state.awaited, state.unit, at)
    if event is not None:
        _append(uow, code, event, at, now)


def _append(uow: UnitOfWork, code: str, event: Message, at: int, now: int) -> None:
    submitted = uow.own_events(code)[0]
    uow.append(
        code,
        [event],
        actor=uow.system_actor(),
        occurred_at=at,
        recorded_at=now,
        causation_id=submitted.event_id,
        correlation_id=submitted.correlation_id,
    )
