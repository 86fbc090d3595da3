"""Scheduler of leases: ends those that have run out."""

from __future__ import annotations

from sqlalchemy import select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import PeriodicTask
from services.postal.application.handlers import JobHandlers
from services.postal.domain.decider import JobStatus
from services.postal.tables import JOBS

PORTION = 200
EVERY = 0.5


def leases(handlers: JobHandlers) -> PeriodicTask:
    """Return the scheduler that ends leases; each once, found by an index."""

    def run(uow: UnitOfWork, now: int) -> int:
        due = uow.query(
            select(JOBS)
            .where(JOBS.c.state == JobStatus.TAKEN, JOBS.c.lease_until <= now)
            .order_by(JOBS.c.lease_until)
            .limit(PORTION)
        )
        rows = [dict(row) for row in due.mappings()]
        return sum(handlers.expire(uow, row, now) for row in rows)

    return PeriodicTask("postal.leases", EVERY, run)
