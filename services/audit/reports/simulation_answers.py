"""Requests for promised dates under other rules, and their answers in protobuf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from motcua.audit.v1 import audit_pb2 as pb

from kernel.base.errors import Invalid, Violation
from kernel.messages.catalogue import FixedText
from office.worktime.calendars.model import CalendarError
from office.worktime.calendars.snapshot_format import parse_snapshot
from office.worktime.durations import DurationError, limit_of
from services.audit.reports.answers import iso_day
from services.audit.reports.simulated_period import SimulatedDossier, SimulatedPeriod
from services.audit.reports.simulation import Rules, Timeliness
from services.audit.wording.texts import TEXTS

PART: Final = 5000
"""Dossiers in a message of the stream."""


def rules_of(request: pb.SimulateDeadlinesRequest) -> Rules:
    """Return the rules that a request gives; raise ``Invalid`` for what can't be used."""
    calendar, limits, wrong = None, {}, []
    if request.calendar:
        try:
            calendar = parse_snapshot(request.calendar, "calendar")
        except CalendarError as error:
            wrong.append(Violation("calendar", "calendar.form", FixedText(str(error), str(error))))
    for number, limit in enumerate(request.limits):
        try:
            limit_of(limit.time_limit)
        except DurationError as error:
            wrong.append(Violation(f"limits[{number}].time_limit", "duration", error.words))
        if limit.procedure in limits:
            words = TEXTS.text("limits.once", procedure=limit.procedure)
            wrong.append(Violation(f"limits[{number}].procedure", "limits.once", words))
        limits[limit.procedure] = limit.time_limit
    if wrong:
        raise Invalid(wrong)
    return Rules(calendar, limits, request.without_pauses)


def simulated_responses(found: SimulatedPeriod) -> Iterator[pb.SimulateDeadlinesResponse]:
    """Yield the answer in messages of ``PART`` dossiers; the last one holds the totals."""
    for first in range(0, len(found.changed), PART):
        part = found.changed[first : first + PART]
        yield pb.SimulateDeadlinesResponse(changed=[_simulated(each) for each in part])
    yield pb.SimulateDeadlinesResponse(
        was=_timeliness_counts(found.was),
        would_be=_timeliness_counts(found.would_be),
        kept=found.kept,
    )


def _timeliness_counts(counts: Mapping[Timeliness, int]) -> pb.TimelinessCounts:
    return pb.TimelinessCounts(**{str(name): count for name, count in counts.items()})


def _simulated(found: SimulatedDossier) -> pb.SimulatedDossier:
    return pb.SimulatedDossier(
        dossier_code=found.code,
        procedure=found.procedure,
        unit=found.unit,
        was=f"TIMELINESS_{found.was.upper()}",
        would_be=f"TIMELINESS_{found.would_be.upper()}",
        due_day=iso_day(found.due_day),
        simulated_due_day=iso_day(found.simulated_due_day),
    )
