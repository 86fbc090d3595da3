"""Questions about a province's half-year, from audit's record of it in SQLite: the report, cold and
as of a past day, in a cross table; pauses in doubt; promised dates under another limit.

The dossiers are those of `motcua generate half-year`; each has six events, and every tenth a pause
more. The questions themselves, on the record; gRPC is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import Channel
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, ResultReturned
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CaseResolved,
    CaseResumed,
    StepAssigned,
    SupplementRequested,
)
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from cli.generating.figures import FIRST, LAST, scaled
from cli.generating.half_year import GeneratedDossier, half_year
from kernel.base.instants import from_datetime, to_timestamp
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.known_units import known_units
from office.catalogue.loader import shipped_catalogue
from office.worktime.calendars.vietnam import state_office
from services.audit.reports import pauses, queries
from services.audit.reports.breakdown import breakdown
from services.audit.reports.queries import ReportRequest
from services.audit.reports.simulated_period import simulate
from services.audit.reports.simulation import Rules
from tests.support.audit_histories import Numbering
from tests.support.audit_store import Log, Store

NAME = "half-year of 74,278 dossiers: report, pauses and what-if"
SCALES = {Size.SMALL: 0.002, Size.USUAL: 1.0, Size.FULL: 1.0}
TARGETS = {"report": 2.0, "as of": 5.0, "cross table": 5.0, "pauses": 60.0, "what-if": 60.0}
"""Seconds."""
CHANNELS = {
    "online": Channel.CHANNEL_ONLINE,
    "counter": Channel.CHANNEL_COUNTER,
    "post": Channel.CHANNEL_POST,
}
FIRST_DAY, LAST_DAY, PAST_DAY = 20210101, 20210630, 20210415
PERIOD = f"{FIRST} to {LAST}"


def run(size: Size, servers: Servers) -> Figures:
    """Fill a record and print the seconds of each question."""
    store = Store(f"sqlite:///{servers.folder() / 'audit.sqlite3'}")
    dossiers = half_year(scaled(SCALES[size]), shipped_catalogue(), state_office(), 2021)
    log, numbering = Log(), Numbering()
    for number, dossier in enumerate(dossiers):
        for payload, at in _history(dossier, paused=number % 10 == 0):
            log.send(numbering.event(payload, at, f"HG-{number:06}"))
    store.take_all(log.records())
    now = from_datetime(dossiers[-1].received + timedelta(days=30))
    units, shipped = known_units(None), state_office()
    by_unit = breakdown(pb.BREAKDOWN_UNIT, units)
    level = breakdown(pb.BREAKDOWN_GOVERNMENT_LEVEL, units)
    channel = breakdown(pb.BREAKDOWN_CHANNEL, units)
    plain = ReportRequest(FIRST_DAY, LAST_DAY, by_unit, None)
    crossed = ReportRequest(FIRST_DAY, LAST_DAY, level, None, cross=channel)
    past = ReportRequest(FIRST_DAY, PAST_DAY, by_unit, None)
    rules = Rules(limits={"*": "5wd"})
    questions: dict[str, Callable[[], object]] = {
        "report": lambda: store.ask(queries.report, plain, now),
        "as of": lambda: store.ask(queries.report, past, now),
        "cross table": lambda: store.ask(queries.report, crossed, now),
        "pauses": lambda: store.ask(pauses.pause_report, plain, now, lambda _: shipped),
        "what-if": lambda: store.ask(
            simulate, plain, now, rules, lambda _: shipped, lambda _unit, _at: shipped
        ),
    }
    figures: dict[str, float] = {}
    print(f"  {len(dossiers):,} dossiers, {len(log.records()):,} events, {PERIOD}")
    for name, ask in questions.items():
        begun = time.perf_counter()
        ask()
        figures[name] = time.perf_counter() - begun
        print(f"  {name:<12} {figures[name]:7.2f} s  (target {TARGETS[name]:.0f} s)")
    store.close()
    missed = [name for name, seconds in figures.items() if seconds > TARGETS[name]]
    if size is not Size.SMALL and missed:
        raise TargetMissed(", ".join(f"{name} {figures[name]:.1f} s" for name in missed))
    return figures


def _history(dossier: GeneratedDossier, *, paused: bool) -> Iterator[tuple[Message, int]]:
    received, due = from_datetime(dossier.received), from_datetime(dossier.due)
    yield (
        DossierSubmitted(
            procedure_code=dossier.procedure,
            unit=dossier.unit,
            channel=CHANNELS[dossier.channel],
            time_zone=OFFICE_ZONE,
        ),
        received,
    )
    yield DossierAccepted(due_at=to_timestamp(due), time_limit="20wd"), received
    current = CurrentStep(step="appraise", unit=dossier.unit)
    yield CaseOpened(current=current, due_at=to_timestamp(due)), received
    yield StepAssigned(step="appraise", assignee="an"), received
    if paused:
        until = received + 3_600_000_000
        yield SupplementRequested(round=1), received
        resumed = CaseResumed(
            suspended_at=to_timestamp(received),
            resumed_at=to_timestamp(until),
            previous_due_at=to_timestamp(due),
            due_at=to_timestamp(due),
        )
        yield resumed, until
    if dossier.ended is not None:
        ended = from_datetime(dossier.ended)
        yield CaseResolved(), ended
        yield ResultReturned(), ended
