"""First answers to requests are kept for thirty days.

Of older ones the events say who asked for what, as after a rebuild (fault 47).
"""

from __future__ import annotations

from typing import Any

from kernel.base.instants import DAY
from kernel.commands.idempotency import KEPT, forget_old
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from tests.support.tally import KERNEL, METADATA, MODEL, rows

NOW = 1_000 * DAY


def answered(number: int, at: int) -> dict[str, Any]:
    """Return the row of a request."""
    return {"request_id": f"r{number}", "digest": b"d", "response": b"", "created_at": at}


def test_old_first_answers_are_forgotten(database_url: str) -> None:
    """Some at a time, so that commands need not wait; the others stay."""
    engine = open_engine(database_url, "tally")
    METADATA.create_all(engine)
    with engine.begin() as connection:
        old = [answered(number, NOW - KEPT - 1) for number in range(2_500)]
        connection.execute(KERNEL.requests.insert(), [*old, answered(2_500, NOW - KEPT)])
    writer = Writer(engine, MODEL)
    writer.start()
    gone = [writer.exclusive(lambda uow: forget_old(uow, NOW)).result(10) for _ in range(4)]
    writer.stop()
    assert gone == [1_000, 1_000, 500, 0]
    assert [row["request_id"] for row in rows(engine, KERNEL.requests)] == ["r2500"]
    assert KEPT == 30 * DAY
    engine.dispose()
