"""Pauses in doubt in a period, and how many dossiers were in time with and without them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from office.streams import DOSSIER
from services.audit.reports import queries
from services.audit.reports.pause_findings import (
    RELEVANT,
    CalendarOf,
    DoubtedPauses,
    Finding,
    doubted_pauses,
)
from services.audit.reports.queries import ReportRequest
from services.audit.state.as_of import events_of
from services.audit.state.local_days import day, days_between, end_of
from services.audit.tables import LOG

BUNCH_DAYS: Final = 3
"""Days at the end of a period on which closings may be bunched."""
BUNCH_LEAST: Final = 5
BUNCH_TIMES: Final = 3
ALL: Final = ("resolved", "returned", "pending")
"""Figures in one of which every dossier of a period counts."""


class DossierFinding(NamedTuple):
    """A finding, of which dossier and unit."""

    dossier_code: str
    finding: Finding
    unit: str


class Bunched(NamedTuple):
    """A unit that resolved many dossiers on one of a period's last days, YYYYMMDD."""

    unit: str
    day: int
    resolved: int
    other_days: float


@dataclass(slots=True)
class PauseReport:
    """What was found in a period."""

    findings: list[DossierFinding] = field(default_factory=list)
    resolved: int = 0
    in_time: int = 0
    in_time_without: int = 0
    """Had no pause in doubt moved a promised date."""
    bunched: list[Bunched] = field(default_factory=list)


def pause_report(
    connection: Connection, request: ReportRequest, now: int, calendar_of: CalendarOf
) -> PauseReport:
    """Return the findings of a period by dossier, and its figures."""
    doubtful = _with_pauses(connection)
    rows = queries.dossiers_of(connection, request, now, ("", ""), ALL)
    result = PauseReport(bunched=bunched(rows, request.first, request.last))
    for row in rows:
        found = DoubtedPauses(calendar_of)
        code = row["dossier_code"]
        if code in doubtful:
            end = end_of(request.last, row["time_zone"])
            as_of = end if request.as_of is None else min(end, request.as_of)
            events = events_of(connection, code, as_of, request.known_at)
            found = doubted_pauses(events, calendar_of)
            result.findings += [
                DossierFinding(code, finding, row["unit"])
                for finding in found.ended()
                if request.first <= day(finding.at, row["time_zone"]) <= request.last
            ]
        _count(result, row, found, request.last)
    return result


def _count(result: PauseReport, row: Mapping[str, Any], found: DoubtedPauses, last: int) -> None:
    finished, due = row["finished_day"], row["due_day"]
    if finished is None or row["withdrawn"] or max(finished, row["received_day"]) > last:
        return
    result.resolved += 1
    result.in_time += due is None or finished <= due
    if found.moved_us and found.due_at is not None:
        due = day(found.due_at - found.moved_us, row["time_zone"])
    result.in_time_without += due is None or finished <= due


def _with_pauses(connection: Connection) -> set[str]:
    """Return the dossiers that may have a finding."""
    statement = select(LOG.c.stream_id).where(
        LOG.c.stream_kind == DOSSIER, LOG.c.type.in_(RELEVANT)
    )
    return set(connection.scalars(statement.distinct()))


def bunched(rows: Iterable[Mapping[str, Any]], first: int, last: int) -> list[Bunched]:
    """Return the units whose closings are bunched at the end of a period."""
    ended: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        finished = row["finished_day"]
        if finished is not None and first <= finished <= last and not row["withdrawn"]:
            ended[row["unit"]][finished] += 1
    found = []
    for unit, counts in sorted(ended.items()):
        last_day = max(counts)
        others = [count for each, count in counts.items() if each != last_day]
        mean = fmean(others) if others else 0.0
        at_the_end = days_between(last_day, last) < BUNCH_DAYS
        many = counts[last_day] >= BUNCH_LEAST and counts[last_day] > BUNCH_TIMES * mean
        if at_the_end and many:
            found.append(Bunched(unit, last_day, counts[last_day], mean))
    return found
