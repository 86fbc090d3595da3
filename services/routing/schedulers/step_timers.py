"""Scheduler of step timers: takes the transitions that are due, found by an index."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, select, tuple_

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import Scheduler, each_stream
from kernel.telemetry.logs import get_logger
from services.routing.application.child_consequences import above, log_withheld
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.state import State
from services.routing.domain.use_cases.deadlines.step_timers import due, take
from services.routing.tables import CASES, TIMERS

AT_ONCE = 100
log = get_logger(__name__)


def due_timers(now: int, left_out: Collection[str] = ()) -> Select[Any]:
    """Select the earliest transitions that are due by now, with the process of each case, without
    those of some dossiers.
    """
    code = TIMERS.c.dossier_code
    earlier = (
        select(TIMERS, CASES.c.process, CASES.c.process_version)
        .join(CASES, CASES.c.dossier_code == code)
        .where(TIMERS.c.next_at <= now)
    )
    wanted = earlier.where(code.not_in(left_out)) if left_out else earlier
    return wanted.order_by(TIMERS.c.next_at, code).limit(AT_ONCE)


def step_timer_scheduler(loader: CaseContextLoader) -> Scheduler:
    """Return the scheduler: it takes a limited number of transitions and returns how many.

    Cases whose process no file defines are left out, so that no other waits behind them; the log
    names the earliest of them, each once.
    """
    among_known = tuple_(CASES.c.process, CASES.c.process_version).in_(
        [(process.name, process.version) for process in loader.processes.all()]
    )
    named: set[str] = set()

    def _known(row: Any) -> bool:
        return loader.processes.has(row.process, row.process_version)

    def _name(lost: Sequence[Any]) -> None:
        for row in lost:
            if row.dossier_code not in named:
                named.add(row.dossier_code)
                log.error(
                    "timer.skipped",
                    dossier=row.dossier_code, process=row.process, version=row.process_version,
                )  # fmt: skip

    def run(uow: UnitOfWork, now: int, left_out: Collection[str] = (), /) -> int:
        wanted = due_timers(now, left_out)
        rows = uow.query(wanted).all()
        if lost := [row for row in rows if not _known(row)]:
            _name(lost)
            rows = uow.query(wanted.where(among_known)).all()
        return each_stream((row.dossier_code for row in rows), lambda code: _take(uow, code, now))

    def _take(uow: UnitOfWork, code: str, now: int) -> int:
        state: State = uow.state(code)
        row, timer = uow.get(CASES, code), uow.get(TIMERS, code)
        name = due(state, now)
        if not name or row is None or timer is None:
            return 0
        process = loader.process_of(state, row)
        context = loader.context_of(row, process, now, uow.system_actor())
        events = take(state, name, replace(context, above=above(uow, row)))
        log_withheld(code, events)
        uow.append(
            code,
            events,
            actor=uow.system_actor(),
            occurred_at=now,
            recorded_at=now,
            causation_id=timer["cause_id"],
            correlation_id=timer["correlation_id"],
        )
        return len(events)

    return run
