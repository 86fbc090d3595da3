"""Cases whose calendar changes: what moves, and whether the audit computes the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResumed
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import to_datetime, to_us
from office.worktime.calendars.model import Calendar, DayKind, DayRule, Session
from office.worktime.calendars.vietnam import state_office
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import Agreement
from services.routing.domain.decider import decide
from tests.support.events import payload_of, with_payload
from tests.support.routing_cases import AN, TZ, Case, at, clock, go_on, stop

ORDER = pb.RecalculateDeadlinesRequest(reason="bão số 5, công văn 12/UBND")


def closed(*days: str, sessions: tuple[Session, ...] = ()) -> Calendar:
    """Return the office's calendar with local closures."""
    shipped = state_office()
    rule = DayRule(DayKind.CLOSURE, sessions, "Bão", "Storm", "12/UBND")
    dated = {date.fromisoformat(day): rule for day in days}
    return Calendar(
        name="vn",
        version=f"vn-test+{hash((days, sessions)) & 0xFFFFFFFF:08x}",
        time_zone=shipped.time_zone,
        week=shipped.week,
        days={**shipped.days, **dated},
    )


def recalculated(case: Case, calendar: Calendar, when: str) -> list[DeadlineRecalculated]:
    """Lay a case's due dates anew, and keep the events; gives what has moved."""
    outcome = decide(case.state, ORDER, replace(case.context(when), calendar=calendar))
    assert isinstance(outcome, list)
    case._keep(outcome, at(when))
    return [each for each in outcome if isinstance(each, DeadlineRecalculated)]


def due(case: Case) -> str:
    """Return the promised date."""
    limit = case.state.dossier_limit
    return clock(limit.due_at if limit else None)


def moves(case: Case, calendar: Calendar, when: str) -> dict[int, tuple[str, str]]:
    """Lay all anew; gives the date before and now of what moved, by its scope."""
    return {
        each.scope: (clock(to_us(each.previous_due_at)), clock(to_us(each.due_at)))
        for each in recalculated(case, calendar, when)
    }


SUSPENSION = DeadlineScope.DEADLINE_SCOPE_SUSPENSION


def named(payloads: list[Any]) -> list[tuple[str, int]]:
    """Return what the watch said, with the scope."""
    return [(type(m).__name__, getattr(m, "scope", SUSPENSION)) for m in payloads]


SATURDAY = closed("2021-08-14", sessions=(Session(420, 690), Session(810, 1020)))


def paused(case: Case, calendar: Calendar, since: str, until: str) -> CaseResumed:
    """Stop the clock and let it go on, both by a calendar; gives the event of the latter."""
    for command, when in ((stop(case.state.step), since), (go_on(case.state.step), until)):
        outcome = decide(case.state, command, replace(case.context(when, AN), calendar=calendar))
        assert isinstance(outcome, list)
        case._keep(outcome, at(when), AN)
    return payload_of(case.events[-1], CaseResumed)


def agreed(case: Case, *calendars: Calendar) -> bool:
    """Return whether the audit computes every date to what is written."""
    known = {each.version: each for each in (state_office(), *calendars)}
    first = case.events[0]
    opened = payload_of(first, CaseOpened)
    accepted = DossierAccepted(
        time_limit=opened.time_limit,
        calendar_version=opened.calendar_version,
        due_at=opened.due_at,
        same_day=opened.same_day,
    )
    begun = with_payload(Event(occurred_at=first.occurred_at), accepted)
    explanation = explain([begun, *case.events], known.get)
    return explanation.agreement is Agreement.SAME and Agreement.UNKNOWN not in {
        line.agreement for line in explanation.lines
    }


def wall(us: int) -> str:
    """Return an instant as the tests write it."""
    return to_datetime(us, TZ).replace(tzinfo=None).isoformat()
