"""A pause ends under another calendar: where the dates go, and that the audit counts them alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.events.v1.intake_events_pb2 import DossierAccepted
from motcua.events.v1.routing_events_pb2 import DeadlineMissed

from services.audit.courses import Agreement
from services.audit.explaining import explain
from services.kernel.calendars.model import Calendar, Session
from services.kernel.calendars.vietnam import state_office
from services.routing.decider import decide
from services.routing.watching import DOSSIER
from tests.unit.routing.cases import AN, Case, at, clock, go_on, stop
from tests.unit.routing.test_recomputing import closed, due, recomputed

SATURDAY = closed("2021-08-14", sessions=(Session(420, 690), Session(810, 1020)))


def paused(case: Case, calendar: Calendar, since: str, until: str) -> None:
    """Stop the clock and let it go on, both by a calendar."""
    for command, when in ((stop(case.state.step), since), (go_on(case.state.step), until)):
        outcome = decide(case.state, command, replace(case.facts(when, AN), calendar=calendar))
        assert isinstance(outcome, list)
        case._keep(outcome, at(when), AN)


def agreed(case: Case, *calendars: Calendar) -> bool:
    """Tell whether the audit computes every date to what is written."""
    known = {each.version: each for each in (state_office(), *calendars)}
    first = case.events[0]
    opened = first.case_opened
    accepted = DossierAccepted(
        time_limit=opened.time_limit,
        calendar_version=opened.calendar_version,
        due_at=opened.due_at,
    )
    begun = DossierEvent(occurred_at=first.occurred_at, dossier_accepted=accepted)
    told = explain([begun, *case.events], known.get)
    return told.agreement is Agreement.SAME and Agreement.UNKNOWN not in {
        line.agreement for line in told.lines
    }


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        # By the Saturday worked it was due at 09:00 that day; the hours waited do not count twice.
        ("2021-08-14 16:30", "2021-08-14 16:45", "2021-08-16 09:15"),
        ("2021-08-14 16:30", "2021-08-16 08:00", "2021-08-16 10:30"),
        # It lies ahead by either calendar: that in force counts.
        ("2021-08-11 10:00", "2021-08-11 11:00", "2021-08-14 10:00"),
    ],
)
def test_a_pause_brings_no_date_to_where_it_would_have_passed(
    since: str, until: str, expected: str
) -> None:
    """The date before moves by the pause alone where the new calendar's would have passed."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()

    paused(case, SATURDAY, since, until)

    assert due(case) == expected
    assert agreed(case, SATURDAY)
    assert recomputed(case, SATURDAY, until) == []


def test_one_pause_after_the_other_keeps_the_date_ahead() -> None:
    """A date that was kept is kept again, each time later by what was waited."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()
    recomputed(case, SATURDAY, "2021-08-14 16:00")

    paused(case, SATURDAY, "2021-08-14 16:30", "2021-08-14 16:45")
    paused(case, SATURDAY, "2021-08-16 08:00", "2021-08-16 08:30")

    assert due(case) == "2021-08-16 09:45"
    assert agreed(case, SATURDAY)
    said = case.watched("2021-08-16 09:00", 1)
    assert not [each for each in said if isinstance(each, DeadlineMissed) and each.scope == DOSSIER]


def test_the_step_is_kept_ahead_too() -> None:
    """A step's own limit goes by the same rule as the promise."""
    case = Case(time_limit="5wd").opened("2021-08-13 09:00").taken("2021-08-13 09:10")
    before = case.state.step_limit
    assert before is not None
    assert clock(before.due_at) == "2021-08-17 09:00"

    paused(case, SATURDAY, "2021-08-16 10:00", "2021-08-16 10:30")

    after = case.state.step_limit
    assert after is not None
    assert clock(after.due_at) == "2021-08-17 09:30"
    assert agreed(case, SATURDAY)
