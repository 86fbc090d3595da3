"""The deadline watch: a look with nothing due at two sizes, and 10,000 dossiers due at once."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from infra.local.ports import free_port
from infra.local.postgres import PostgresServer
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from services.routing.schedulers.deadlines import watch_deadlines
from services.routing.tables import METADATA
from tests.support.departments import Departments, Desk
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.routing_cases import at

NAME = "deadline watch: a look with nothing due, and 10,000 dossiers due at once"
SMALL, LARGE = 10_000, 1_000_000
LOOKS = 300
DUE = 10_000
REACH, SECONDS = 1.5, 60
MB = 1_000_000
_NOW = at("2021-08-09 09:00")
_watch = watch_deadlines(OFFICE)
_ROWS = {
    "sqlite": "with recursive s(n) as (select 1 union all select n + 1 from s where n < {n})",
    "postgresql": "with s(n) as (select generate_series(1, {n}))",
}
_FILL = """
insert into deadlines (dossier_code, scope, number, due_at, warn_at, warned, missed, rungs, told,
    next_alarm_at, cause_id, correlation_id)
{rows}
select 'd' || n, 1, 0, {now} + n, null, 0, 0, '', 0, {now} + n, '', '' from s
"""


def run() -> None:
    """Print the time of a look at both sizes on both databases, and the raising of 10,000 at once.

    Fails when a look grows with the number of open dossiers, or the raising takes too long.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the database server is another user when root runs this
        _idle("sqlite", *(f"sqlite:///{folder}/{n}.sqlite" for n in (SMALL, LARGE)))
        with PostgresServer(Path(folder) / "postgres", free_port()) as server:
            _idle("postgresql", *(server.create_database(name) for name in ("few", "many")))
        _burst(f"sqlite:///{folder}/burst.sqlite")


def _idle(name: str, small: str, large: str) -> None:
    """Look at both sizes in turn, so that whatever else the machine does falls on both alike."""
    writers = [_open(small, SMALL), _open(large, LARGE)]
    times: list[list[float]] = [[], []]
    try:
        for _ in range(LOOKS):
            for writer, found in zip(writers, times, strict=True):
                began = time.perf_counter()
                said = writer.exclusive(lambda uow: _watch(uow, _NOW)).result()
                found.append(time.perf_counter() - began)
                assert said == 0
    finally:
        for writer in writers:
            writer.stop()
    few, many = (statistics.median(found) for found in times)
    ratio = many / few
    print(f"  {name:10} {SMALL:9,} open {few * 1e6:8.0f} µs a look")
    print(f"  {name:10} {LARGE:9,} open {many * 1e6:8.0f} µs a look", end="")
    print(f"   {ratio:.2f} times (reach <= {REACH})")
    if ratio > REACH:
        raise AssertionError(f"a look costs {ratio:.2f} times as much with more open dossiers")


def _open(url: str, rows: int) -> Writer:
    """Return the writer of a database with so many open due dates."""
    engine = open_engine(url, "routing")
    METADATA.create_all(engine)
    _fill(engine, rows)
    writer = Writer(engine, MODEL)
    writer.start()
    return writer


def _fill(engine: Engine, rows: int) -> None:
    dialect = engine.dialect.name
    with engine.begin() as connection:
        spread = _ROWS[dialect].format(n=rows)
        connection.execute(text(_FILL.format(rows=spread, now=_NOW)))
    if dialect == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze deadlines"))


def _burst(url: str) -> None:
    """Let ten thousand dossiers be accepted at once, and look when all their dates have passed."""
    departments, desk = Departments(url), Desk()
    process = psutil.Process(os.getpid())
    try:
        for start in range(0, DUE, 500):
            codes = [f"H22.12-210809-{n:05d}" for n in range(start, start + 500)]
            departments.reads(e for code in codes for e in desk.files(code))
        before, peak, said = process.memory_info().rss, 0, 0
        now = at("2021-08-30 09:00")
        began = time.perf_counter()
        while portion := departments.writer.exclusive(lambda uow: _watch(uow, now)).result():
            said += portion
            peak = max(peak, process.memory_info().rss)
        took = time.perf_counter() - began
    finally:
        departments.close()
    print(f"  {DUE:,} dossiers due at once: {said:,} events in {took:.1f} s", end="")
    print(f" (reach < {SECONDS} s), memory grew by {max(0, peak - before) / MB:.0f} MB")
    if took >= SECONDS:
        raise AssertionError(f"{took:.1f} s")


if __name__ == "__main__":
    run()
