"""Scheduler that logs which processes open cases need and no file defines.

Such as after a start without the office's own folder: these cases can't go on until the file is
back or they are moved to another process.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime.periodic_tasks import Scheduler
from kernel.storage.index_scan import select_values
from kernel.telemetry.logs import get_logger
from services.routing.application.decision_context import CaseContextLoader
from services.routing.tables import CASES

log = get_logger(__name__)


def missing_process_scheduler(loader: CaseContextLoader) -> Scheduler:
    """Return the scheduler; its first run comes when the log has been read at the start.

    It skips through an index of open cases, from one process and version to the next.
    """

    def run(uow: UnitOfWork, _now: int, _left_out: Collection[str] = (), /) -> int:
        c, is_open = CASES.c, CASES.c.ended_at.is_(None)
        for (name,) in uow.query(select_values(c.process, is_open)).all():
            this = (is_open, c.process == name)
            for (version,) in uow.query(select_values(c.process_version, *this)).all():
                if not loader.processes.has(name, version):
                    columns: list[Any] = [func.count(), func.min(c.dossier_code)]
                    cases = select(*columns).where(*this, c.process_version == version)
                    found: Any = uow.query(cases).one()
                    log.error(
                        "process.missing",
                        process=name, version=version, open_cases=found[0], such_as=found[1],
                    )  # fmt: skip
        return 0

    return run
