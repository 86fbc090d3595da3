"""The deadline watch: a look with nothing due at two sizes, and 10,000 dossiers due at once."""

from __future__ import annotations

import os
import statistics
import time

import psutil
from sqlalchemy import Engine, text

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from infra.local.postgres import PostgresUnavailable
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from services.routing.schedulers.deadlines import deadline_scheduler
from services.routing.tables import METADATA
from tests.support.departments import Departments, Desk
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.routing_cases import at

NAME = "deadline watch: a look with nothing due, and many dossiers due at once"
FEW = {Size.SMALL: 100, Size.USUAL: 10_000, Size.FULL: 10_000}
MANY = {Size.SMALL: 1_000, Size.USUAL: 1_000_000, Size.FULL: 1_000_000}
LOOKS = {Size.SMALL: 20, Size.USUAL: 300, Size.FULL: 300}
DUE = {Size.SMALL: 500, Size.USUAL: 10_000, Size.FULL: 10_000}
TARGET_RATIO, TARGET_SECONDS = 1.5, 60
PART = 500
"""Dossiers that are accepted in one transaction."""
MB = 1_000_000
_NOW = at("2021-08-09 09:00")
_watch = deadline_scheduler(OFFICE)
_ROWS = {
    "sqlite": "with recursive s(n) as (select 1 union all select n + 1 from s where n < {n})",
    "postgresql": "with s(n) as (select generate_series(1, {n}))",
}
_FILL = """
insert into deadlines (dossier_code, scope, number, due_at, warn_at, warned, missed,
    escalation_levels, levels_notified, next_alarm_at, cause_id, correlation_id)
{rows}
select 'd' || n, 1, 0, {now} + n, null, 0, 0, '', 0, {now} + n, '', '' from s
"""


def run(size: Size, servers: Servers) -> Figures:
    """Print the time of a look at both sizes on both databases, and of many dates due at once."""
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for database, new in (("sqlite", servers.sqlite), ("postgresql", servers.postgresql)):
        try:
            few, many = _idle(database, size, new("few"), new("many"))
        except PostgresUnavailable as error:
            print(f"  {error}")
            continue
        figures |= {f"{database}, few": few, f"{database}, many": many}
        ratios[database] = many / few
    seconds = _burst(servers.sqlite("burst"), DUE[size])
    if size is not Size.SMALL:
        if max(ratios.values()) > TARGET_RATIO:
            raise TargetMissed(f"a look costs {max(ratios.values()):.2f} times as much")
        if seconds >= TARGET_SECONDS:
            raise TargetMissed(f"{DUE[size]:,} dates took {seconds:.1f} s")
    return figures | {"at once": seconds}


def _idle(name: str, size: Size, few_url: str, many_url: str) -> tuple[float, float]:
    """Return the median seconds of a look at few open dossiers and at many.

    Both are looked at alternately, so that whatever else the machine does falls on both alike.
    """
    engines = [open_engine(url, "routing") for url in (few_url, many_url)]
    writers = [
        _open(engine, rows) for engine, rows in zip(engines, (FEW[size], MANY[size]), strict=True)
    ]
    times: list[list[float]] = [[], []]
    try:
        for _ in range(LOOKS[size]):
            for writer, found in zip(writers, times, strict=True):
                began = time.perf_counter()
                raised = writer.exclusive(lambda uow: _watch(uow, _NOW)).result()
                found.append(time.perf_counter() - began)
                assert raised == 0
    finally:
        for writer, engine in zip(writers, engines, strict=True):
            writer.stop()
            engine.dispose()
    few, many = (statistics.median(found) for found in times)
    print(f"  {name:10} {FEW[size]:9,} open {few * 1e6:8.0f} µs a look")
    print(f"  {name:10} {MANY[size]:9,} open {many * 1e6:8.0f} µs a look", end="")
    print(f"   {many / few:.2f} times (target <= {TARGET_RATIO})")
    return few, many


def _open(engine: Engine, rows: int) -> Writer:
    """Return the writer of a database with so many open due dates."""
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


def _burst(url: str, due: int) -> float:
    """Let dossiers be accepted at once, and return the seconds of looking when all are overdue."""
    departments, desk = Departments(url), Desk()
    process = psutil.Process(os.getpid())
    try:
        for start in range(0, due, PART):
            codes = [f"H22.12-210809-{n:05d}" for n in range(start, start + PART)]
            departments.reads(e for code in codes for e in desk.files(code))
        before, peak, raised = process.memory_info().rss, 0, 0
        now = at("2021-08-30 09:00")
        began = time.perf_counter()
        while portion := departments.writer.exclusive(lambda uow: _watch(uow, now)).result():
            raised += portion
            peak = max(peak, process.memory_info().rss)
        took = time.perf_counter() - began
    finally:
        departments.close()
    print(f"  {due:,} dossiers due at once: {raised:,} events in {took:.1f} s", end="")
    print(f" (target < {TARGET_SECONDS} s), memory grew by {max(0, peak - before) / MB:.0f} MB")
    assert raised >= due
    return took
