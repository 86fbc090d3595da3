"""All open due dates recalculated after a calendar change: rate, dry run, and peak memory.

The routing service's own command on its own database, page by page as `motcua calendar recalculate`
asks for them; gRPC and Kafka are left out.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import date
from functools import partial
from pathlib import Path

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1 import routing_pb2 as pb

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from infra.local.postgres import PostgresUnavailable
from kernel.base.instants import HOUR, to_timestamp
from kernel.commands.handler import carry_out
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import make_event
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.migrate import migrate
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from office.streams import DOSSIER
from office.worktime.calendars import publishing
from office.worktime.calendars.model import Calendar, DayKind, DayRule
from office.worktime.calendars.repository import CalendarRepository
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at
from services.routing.application.reactions import reactions_of
from services.routing.application.recalculation_batches import Recalculate
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL

NAME = "recalculate: every open due date after a calendar change"
COUNTS = {Size.SMALL: 100, Size.USUAL: 100_000, Size.FULL: 100_000}
TARGET = 60
"""Seconds."""
START = 1_628_474_400_000_000
NOW = START + 20 * HOUR
"""10 August 2021, 05:00 in Hanoi: everything is open, nothing due."""
PAGE = 500
_BOSS = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="boss")
_SYSTEM = Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id="intake")


def _storm() -> Calendar:
    """Return the office's calendar with a day closed on the way of every due date."""
    shipped = state_office()
    closed = {date(2021, 8, 11): DayRule(DayKind.CLOSURE, (), "Bão", "Storm", "12/UBND")}
    return Calendar(
        name="vn",
        version="vn-2021.2+00000000",
        time_zone=shipped.time_zone,
        week=shipped.week,
        days={**shipped.days, **closed},
    )


def _open(uow: UnitOfWork, first: int, count: int) -> None:
    """Let the desk submit and accept dossiers, and routing open their cases."""
    react = reactions_of(OFFICE)[DossierAccepted]
    limits = [(text, due_at(state_office(), START, Duration.parse(text))) for text in _LIMITS]
    for number in range(first, first + count):
        code = f"H22.{number % 20:02d}-210809-{number:06d}"
        limit, due = limits[number % len(limits)]
        assert due is not None
        payloads = (
            DossierSubmitted(procedure_code="1.012766", unit=code.partition("-")[0], channel=2),  # type: ignore[arg-type]
            DossierAccepted(
                time_limit=limit,
                process="standard",
                resume_policy="keep",
                calendar_version=state_office().version,
                due_at=to_timestamp(due),
            ),
        )
        for sequence, payload in enumerate(payloads, start=1):
            event = make_event(
                code, "intake", sequence, payload, stream_kind=DOSSIER, actor=_SYSTEM,
                occurred_at=START, recorded_at=START, causation_id="", correlation_id=code,
            )  # fmt: skip
            uow.ingest(event, event.SerializeToString())
        uow.append_reaction(event, react(uow, event, payload), START)


_LIMITS = ("3wd", "5wd", "10wd", "15wd")


def _pages(writer: Writer, dry_run: bool, url: str) -> tuple[float, int, int]:
    """Ask for every page; return seconds, due dates moved and cases looked at."""
    handler, token, moved, looked = Recalculate(OFFICE), "", 0, 0
    page: pb.PreviewRecalculationResponse | pb.RecalculateDeadlinesResponse
    reads = open_engine(url, "routing", read_only=True)
    began = time.perf_counter()
    while True:
        if dry_run:
            ask = pb.PreviewRecalculationRequest(page_size=PAGE, page_token=token)
            with reads.connect() as connection:
                page = handler.preview(connection, MODEL, ask, NOW)
        else:
            request = pb.RecalculateDeadlinesRequest(
                request_id=str(uuid.uuid4()), reason="12/UBND", page_size=PAGE, page_token=token
            )
            call = Call(_BOSS, "vi", request.request_id, NOW, NOW, "", "")
            command = partial(carry_out, handler, request=request, call=call)
            page = writer.submit(command).result()
        page.SerializeToString()
        moved, looked, token = (
            moved + len(page.moved),
            looked + page.looked_at,
            page.next_page_token,
        )
        if not token:
            reads.dispose()
            return time.perf_counter() - began, moved, looked


def measure(url: str, count: int) -> dict[str, float]:
    """Fill a database, change the calendar, and recalculate everything, in this process."""
    engine = open_engine(url, "routing")
    migrate(engine, MODEL)
    writer = Writer(engine, MODEL)
    writer.start()
    with tempfile.TemporaryDirectory() as folder:
        before_storm = CalendarRepository(Path(folder))
        OFFICE.calendars = lambda: before_storm
        for first in range(0, count, 1000):
            size = min(1000, count - first)
            writer.exclusive(lambda uow, f=first, n=size: _open(uow, f, n)).result()  # type: ignore[misc]
        publishing.keep_shipped(Path(folder), state_office())
        after_storm = CalendarRepository(Path(folder), shipped=_storm())
        OFFICE.calendars = lambda: after_storm
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        dry, shown, _ = _pages(writer, True, url)
        busy = time.process_time()
        seconds, moved, looked = _pages(writer, False, url)
        busy = time.process_time() - busy
        again, none, _ = _pages(writer, False, url)
    writer.stop()
    engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if shown != moved or none or looked != count:
        raise AssertionError(f"{shown=} {moved=} {none=} {looked=}")
    return {
        "moved": moved, "dry": dry, "seconds": seconds, "again": again, "cpu": busy,
        "peak_mb": peak / 1024, "grown_mb": (peak - before) / 1024,
    }  # fmt: skip


def _apart(url: str, count: int) -> dict[str, float]:
    """Measure in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.recalculate", url, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _print(database: str, count: int, found: dict[str, float]) -> None:
    print(f"  {database}: {count:,} open cases, {found['moved']:,.0f} due dates moved")
    print(f"    dry run             {found['dry']:8.1f} s")
    rate = count / found["seconds"]
    print(f"    recalculate           {found['seconds']:8.1f} s  (target < {TARGET} s)")
    print(f"                        {rate:8,.0f} cases/s")
    print(f"    of it processor     {found['cpu']:8.1f} s")
    print(f"    once more, nothing  {found['again']:8.1f} s")
    print(
        f"    peak memory         {found['peak_mb']:8.0f} MB, grown by {found['grown_mb']:.0f} MB"
    )


def run(size: Size, servers: Servers) -> Figures:
    """Print seconds, rate and memory on SQLite and on PostgreSQL."""
    count = COUNTS[size]
    seconds = {}
    for database, new in (("SQLite", servers.sqlite), ("PostgreSQL", servers.postgresql)):
        try:
            found = _apart(new("routing"), count)
        except PostgresUnavailable as error:
            print(f"  PostgreSQL: {error}")
            continue
        _print(database, count, found)
        seconds[database] = found["seconds"]
    if size is not Size.SMALL and max(seconds.values()) > TARGET:
        raise TargetMissed(f"{max(seconds.values()):.1f} s")
    return seconds


def main() -> None:
    """Measure one database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("count", type=int)
    given = parser.parse_args()
    print(json.dumps(measure(given.url, given.count)))


if __name__ == "__main__":
    main()
