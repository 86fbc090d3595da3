"""Periodic tasks: one stream whose work fails stops no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kernel.base.clock import RealClock
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.runtime import periodic_tasks
from kernel.runtime.periodic_tasks import PeriodicTask, TaskRunner, each_stream
from kernel.storage.engines import open_engine
from tests.support.feed import wait_until
from tests.support.tally import METADATA, MODEL, SEEN, rows

STREAMS = ("H1", "H2", "H3", "H4")


class Due:
    """Work that is due on four streams, some of which can't be judged."""

    def __init__(self, *broken: str) -> None:
        self.broken = set(broken)

    def __call__(self, uow: UnitOfWork, _now: int, left_out: Collection[str] = (), /) -> int:
        """See each stream once."""
        wanted = [name for name in STREAMS if name not in left_out and not uow.get(SEEN, name)]

        def see(name: str) -> int:
            uow.put(SEEN, {"dossier_code": name, "supplements": 1, "last_round": 1})
            if name in self.broken:
                raise ValueError(name)
            return 1

        return each_stream(wanted, see)


@contextmanager
def running(folder: Path, due: Due) -> Iterator[tuple[TaskRunner, Callable[[], list[str]]]]:
    """Run the task, and give what it has seen."""
    engine = open_engine(f"sqlite:///{folder / 'tally.sqlite'}", "tally")
    METADATA.create_all(engine)
    writer = Writer(engine, MODEL)
    runner = TaskRunner(writer, RealClock(), [PeriodicTask("due", 0.02, due)], lambda: True)
    writer.start()
    runner.start()
    try:
        yield runner, lambda: [row["dossier_code"] for row in rows(engine, SEEN)]
    finally:
        runner.stop()
        writer.stop()
        engine.dispose()


def test_a_stream_that_fails_stops_no_other(tmp_path: Path) -> None:
    """Whether it comes first or in between; nothing of its own work is kept."""
    with running(tmp_path, Due("H1", "H3")) as (runner, seen):
        wait_until(lambda: seen() == ["H2", "H4"])
        wait_until(lambda: runner.failed_streams() == 2)
        assert seen() == ["H2", "H4"]


def test_it_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it can be judged it is done, and counts as failed no longer."""
    monkeypatch.setattr(periodic_tasks, "FIRST_WAIT", 0.05)
    due = Due("H2")
    with running(tmp_path, due) as (runner, seen):
        wait_until(lambda: runner.failed_streams() == 1)
        due.broken.clear()
        wait_until(lambda: seen() == list(STREAMS))
        wait_until(lambda: runner.failed_streams() == 0)
