"""Scheduler of leases: ends those that have run out."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import PeriodicTask, each_stream
from kernel.storage.row_cache import Row
from services.postal.application.handlers import JobHandlers
from services.postal.domain.state import JobStatus
from services.postal.tables import JOBS

PORTION = 200
EVERY = 0.5


def leases(handlers: JobHandlers) -> PeriodicTask:
    """Return the scheduler that ends leases; each once, found by an index."""

    def run(uow: UnitOfWork, now: int, left_out: Collection[str] = (), /) -> int:
        due = select(JOBS).where(JOBS.c.state == JobStatus.TAKEN, JOBS.c.lease_until <= now)
        if left_out:
            due = due.where(JOBS.c.dossier_code.not_in(left_out))
        found = uow.query(due.order_by(JOBS.c.lease_until).limit(PORTION)).mappings()
        jobs: dict[str, list[Row]] = {}
        for row in found:
            jobs.setdefault(row["dossier_code"], []).append(dict(row))
        return each_stream(
            jobs, lambda code: sum(handlers.expire(uow, row, now) for row in jobs[code])
        )

    return PeriodicTask("postal.leases", EVERY, run)
