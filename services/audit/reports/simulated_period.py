"""The dossiers of a period under other rules, beside how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1.case_events_pb2 import CaseResumed
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from sqlalchemy import Connection, case, select, true

from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import payload_type
from office.streams import DOSSIER
from office.worktime.calendars.model import Calendar
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import CalendarOf
from services.audit.reports import queries
from services.audit.reports.queries import ReportRequest
from services.audit.reports.simulation import Rules, Timeliness, simulated_due, timeliness
from services.audit.state.as_of import known_by, streamed
from services.audit.state.local_days import day, end_of
from services.audit.tables import DOSSIERS, LOG

CalendarFor = Callable[[str, int], Calendar]
"""Returns the calendar by which a unit works at an instant."""
FIGURES: Final = ("resolved", "pending")
DATED: Final = sorted(
    kind.DESCRIPTOR.full_name
    for kind in (DossierAccepted, CaseResumed, DeadlineExtended, DeadlineRecalculated)
)
"""The types of events from which a promised date comes."""


class SimulatedDossier(NamedTuple):
    """A dossier that would have stood otherwise; days are YYYYMMDD, None for none."""

    code: str
    procedure: str
    unit: str
    was: Timeliness
    would_be: Timeliness
    due_day: int | None
    simulated_due_day: int | None


@dataclass(slots=True)
class SimulatedPeriod:
    """A period under other rules."""

    changed: list[SimulatedDossier] = field(default_factory=list)
    was: Counter[Timeliness] = field(default_factory=Counter)
    would_be: Counter[Timeliness] = field(default_factory=Counter)
    kept: int = 0
    """Dossiers whose date is not computed."""


def simulate(
    connection: Connection,
    request: ReportRequest,
    now: int,
    rules: Rules,
    calendar_of: CalendarOf,
    calendar_for: CalendarFor,
) -> SimulatedPeriod:
    """Return how the dossiers of a period would stand."""
    counted = queries.dossiers_of(connection, request, now, ("", ""), FIGURES)
    rows = {row["dossier_code"]: row for row in counted}
    simulation = _Simulation(request.last, now, rules, calendar_of, calendar_for)
    for code, events in _dated_events(connection, request, rows):
        simulation.compare(rows[code], events)
    simulation.result.changed.sort()
    return simulation.result


@dataclass(slots=True)
class _Simulation:
    last: int
    now: int
    rules: Rules
    calendar_of: CalendarOf
    calendar_for: CalendarFor
    result: SimulatedPeriod = field(default_factory=SimulatedPeriod)

    def compare(self, row: Mapping[str, Any], events: list[Event]) -> None:
        """Count a dossier by its date, and by the date that it would have."""
        zone, unit, result = row["time_zone"], row["unit"], self.result
        explanation = explain(events, _no_calendar)
        accepted = (to_us(e.occurred_at) for e in events if payload_type(e) is DossierAccepted)
        accepted_at = next(accepted, 0)
        computed, due_at = simulated_due(
            explanation,
            accepted_at,
            row["procedure"],
            self.rules,
            self.calendar_of,
            self.calendar_for(unit, accepted_at),
        )
        result.kept += not computed
        was, would_be = (self._timeliness(row, at) for at in (explanation.due_at, due_at))
        result.was[was] += 1
        result.would_be[would_be] += 1
        if was is not would_be:
            days = (None if at is None else day(at, zone) for at in (explanation.due_at, due_at))
            code, procedure = row["dossier_code"], row["procedure"]
            result.changed.append(SimulatedDossier(code, procedure, unit, was, would_be, *days))

    def _timeliness(self, row: Mapping[str, Any], due_at: int | None) -> Timeliness:
        zone, finished, suspended = row["time_zone"], row["finished_day"], row["suspended_day"]
        reference = min(self.last, day(self.now, zone))
        ended = finished is not None and max(finished, row["received_day"]) <= self.last
        paused = suspended is not None and suspended <= reference
        return timeliness(due_at, zone, finished if ended else None, reference, paused=paused)


def _dated_events(
    connection: Connection, request: ReportRequest, rows: Container[str]
) -> Iterator[tuple[str, list[Event]]]:
    """Yield of each dossier the events from which its promised date comes, as of the period's end
    and by what had been recorded.
    """
    # An event that is recorded later ends what was known, of whatever type it is.
    dated = true() if request.known_at is not None else LOG.c.type.in_(DATED)
    statement = (
        select(
            LOG.c.stream_id,
            LOG.c.occurred_at,
            LOG.c.recorded_at,
            DOSSIERS.c.time_zone,
            case((LOG.c.type.in_(DATED), LOG.c.body)),
        )
        .join(DOSSIERS, DOSSIERS.c.dossier_code == LOG.c.stream_id)
        .where(LOG.c.stream_kind == DOSSIER, dated)
        .order_by(LOG.c.stream_id, LOG.c.partition, LOG.c.offset)
    )
    for code, group in groupby(streamed(connection, statement), key=itemgetter(0)):
        if code in rows:
            known = known_by(request.known_at, group, itemgetter(2))
            yield (
                code,
                [
                    Event.FromString(body)
                    for _, at, _, zone, body in known
                    if body is not None and at <= end_of(request.last, zone)
                ],
            )


def _no_calendar(_version: str) -> None:
    """Dates are computed afterwards, by the rules that are asked for."""
