"""A service whose database was full finds out by itself that there is space again, though it has
nothing of its own to write.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from kernel.base.errors import Unavailable
from kernel.base.halt import HaltReason
from kernel.consumer.applying import room
from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import KERNEL, SEEN, Node

UNLIMITED = 1_073_741_823


def fill(uow: UnitOfWork) -> None:
    """Write more than there is space for."""
    for number in range(4_000):
        row = {"dossier_code": f"{number:060}", "supplements": 1, "last_round": 1}
        uow.put(SEEN, row)


def held(node: Node) -> str:
    """Return what the row holds that takes the space."""
    found: str = next(r["holder"] for r in node.rows(KERNEL.leases) if r["name"] == room.ROOM)
    return found


def test_it_is_ready_again_without_a_command(tmp_path: Path) -> None:
    """SQLite itself says that it is full, at a number of pages; until that is raised, the service
    stays not ready, whatever it tries.
    """
    log = LogInMemory()
    log.put([supplement(code_of(1), 1)])
    pages, tries = [UNLIMITED], []

    def limit(connection: Connection) -> None:
        tries.append(1)
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA max_page_count = {pages[0]}")

    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}") as node:
        wait_until(node.is_ready)
        event.listen(node.engine, "begin", limit)
        pages[0] = 1  # SQLite takes what there is as the least
        with pytest.raises(Unavailable) as refused:
            node.writer.submit(fill).result(30)
        assert refused.value.code == HaltReason.DATABASE_FULL
        before = len(tries)
        wait_until(lambda: len(tries) > before + 20)
        halt = node.consumer.status().halt
        assert halt is not None
        assert halt.reason == HaltReason.DATABASE_FULL
        pages[0] = UNLIMITED
        wait_until(lambda: node.consumer.status().halt is None)
        wait_until(lambda: held(node) == "")
        assert [row["dossier_code"] for row in node.rows(SEEN)] == [code_of(1)]
