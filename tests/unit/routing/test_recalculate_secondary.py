"""A calendar changes: questions, timers, the time to begin and the citizen's time move, too.

The dossier is accepted on Monday 09/08/2021 at 09:00; its first step is due on Wednesday at 09:00.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from motcua.routing.v1.deadline_events_pb2 import DeadlineApproaching, DeadlineMissed

from kernel.base.instants import to_us
from office.worktime.calendars.model import Calendar, Session
from office.worktime.calendars.vietnam import state_office
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import Agreement
from services.routing.domain.alarms import (
    CONSULTATION,
    DOSSIER,
    FIRST_ACTION,
    STEP,
    SUSPENSION,
    TIMER,
)
from services.routing.domain.decider import decide
from services.routing.domain.use_cases.deadlines.step_timers import due
from tests.support.approvals import approving
from tests.support.routing_calendars import closed, moves, recalculated
from tests.support.routing_cases import (
    PLANNER,
    SYSTEM,
    Case,
    answer,
    ask,
    assign,
    at,
    clock,
    complete,
    look,
    papers,
    pull,
    supplement,
)

MON = "2021-08-09 10:00"
WORKED = (Session(420, 690), Session(810, 1020))


def agreed(case: Case, *calendars: Calendar) -> list[Agreement]:
    """Let the audit compute everything again that is no promise; gives what it found, in order."""
    known = {each.version: each for each in (state_office(), *calendars)}
    return [line.agreement for line in explain(case.events, known.get).lines if line.step]


def test_the_time_to_begin_moves_until_somebody_begins() -> None:
    """Tuesday is closed: a working day from Monday 09:00 ends on Wednesday."""
    case = Case().opened()
    taken = case.copy().taken()
    storm = closed("2021-08-10")

    assert moves(case, storm, MON) == {
        DOSSIER: ("2021-08-16 09:00", "2021-08-17 09:00"),
        STEP: ("2021-08-11 09:00", "2021-08-12 09:00"),
        FIRST_ACTION: ("2021-08-10 09:00", "2021-08-11 09:00"),
    }
    assert FIRST_ACTION not in moves(taken, storm, MON)
    (near,) = case.watched("2021-08-11 09:00")
    assert (type(near), near.scope) == (DeadlineApproaching, FIRST_ACTION)
    (gone,) = case.watched("2021-08-11 09:00", 1)
    assert (type(gone), gone.scope) == (DeadlineMissed, FIRST_ACTION)
    assert set(agreed(case, storm)) == {Agreement.SAME}
    assert recalculated(case, storm, "2021-08-11 10:00") == []


def test_a_question_moves_with_its_warning() -> None:
    """Tuesday is closed: due on Wednesday, four working hours before it the warning."""
    case = Case().opened().taken()
    (asked,) = case.does(ask("appraise", limit="1wd"), MON)
    assert clock(to_us(asked.due_at)) == "2021-08-10 10:00"
    storm = closed("2021-08-10")

    moved = moves(case, storm, "2021-08-09 11:00")

    assert moved[CONSULTATION] == ("2021-08-10 10:00", "2021-08-11 10:00")
    limit = case.state.work.asked[0].limit
    assert limit is not None
    assert clock(limit.warn_at) == "2021-08-09 16:00"
    payloads = [m for m in case.watched("2021-08-11 10:00", 1) if m.scope == CONSULTATION]
    assert [clock(to_us(m.due_at)) for m in payloads] == ["2021-08-11 10:00"]
    assert set(agreed(case, storm)) == {Agreement.SAME}


def test_an_answered_question_stays() -> None:
    """What is over does not move."""
    case = Case().opened().taken()
    case.does(ask("appraise", limit="1wd"), MON)
    case.does(answer(), MON, PLANNER)

    assert CONSULTATION not in moves(case, closed("2021-08-10"), "2021-08-09 11:00")


def test_while_papers_are_awaited_only_what_runs_moves() -> None:
    """The dossier's and the step's clocks stand; a question's and the citizen's own do not."""
    case = Case(process="consulted").opened().taken()
    before = case.state.work.asked[0].limit
    (asked,) = case.does(supplement("appraise"), MON)
    assert clock(to_us(asked.answer_due_at)) == "2021-08-24 10:00"
    assert before is not None
    storm = closed("2021-08-10", "2021-08-24")

    moved = moves(case, storm, "2021-08-09 11:00")

    assert moved == {
        SUSPENSION: ("2021-08-24 10:00", "2021-08-25 10:00"),
        CONSULTATION: (clock(before.due_at), "2021-08-12 09:00"),
    }
    end = case.state.suspension.end if case.state.suspension else None
    assert end is not None
    # Two working days before: the 24th is closed, so Friday and Monday.
    assert clock(end.warn_at) == "2021-08-20 10:00"
    assert case.watched("2021-08-25 10:00", 0)[-1].scope == CONSULTATION
    assert [type(m).__name__ for m in case.watched("2021-08-25 10:00", 1)] == ["SupplementExpired"]
    assert set(agreed(case, storm)) == {Agreement.SAME}


@pytest.mark.parametrize("chosen", [True, False])
def test_the_citizen_s_time_never_gets_shorter(chosen: bool) -> None:
    """A Sunday worked brings nothing forward for the citizen; a date that was named stays."""
    case = Case(process="consulted").opened("2021-08-13 09:00").taken("2021-08-13 09:00")
    until = "2021-08-30 10:00" if chosen else ""
    # Fifteen days from Saturday's eve, Friday 13/08, end on Saturday 28/08 and roll to Monday.
    (asked,) = case.does(supplement("appraise", until), "2021-08-13 10:00")
    assert clock(to_us(asked.answer_due_at)) == "2021-08-30 10:00"

    sooner = closed("2021-08-28", sessions=WORKED)
    assert SUSPENSION not in moves(case, sooner, "2021-08-13 11:00")
    later = moves(case, closed("2021-08-30"), "2021-08-13 11:30")
    assert later.get(SUSPENSION) == (None if chosen else ("2021-08-30 10:00", "2021-08-31 10:00"))


def test_a_timer_moves_from_the_beginning_of_its_step() -> None:
    """Three working days from Monday 10:00 with Wednesday closed end on Friday."""
    case = approving()
    storm = closed("2021-08-11")

    assert moves(case, storm, "2021-08-10 10:00")[TIMER] == (
        "2021-08-12 10:00",
        "2021-08-13 10:00",
    )
    assert due(case.state, at("2021-08-13 09:59")) == ""
    assert due(case.state, at("2021-08-13 10:00")) == "recall"
    assert moves(case, storm, "2021-08-10 11:00") == {}


def test_a_timer_moves_after_a_pause() -> None:
    """Asked on Tuesday, answered a week later: the remainder runs from the 17th to the 19th."""
    case = approving()
    case.does(supplement("approve"), "2021-08-10 10:00")
    case.does(papers(), "2021-08-17 10:00", SYSTEM)
    assert due(case.state, at("2021-08-19 10:00")) == "recall"

    moved = moves(case, closed("2021-08-18"), "2021-08-17 11:00")

    assert moved[TIMER] == ("2021-08-19 10:00", "2021-08-20 10:00")
    assert due(case.state, at("2021-08-20 09:59")) == ""


def test_what_stood_still_is_counted_by_the_calendar_in_force_when_it_goes_on() -> None:
    """A timer is not touched while papers are awaited, and has moved when they come."""
    case = approving()
    case.does(supplement("approve"), "2021-08-10 10:00")
    # Monday was closed: three hours of Tuesday had run when the papers were asked for. Of the other
    # 21, five run on the 17th, and two days follow.
    storm = closed("2021-08-09")
    assert TIMER not in moves(case, storm, "2021-08-10 11:00")

    case.events.append(_resumed_by(case, storm, "2021-08-17 10:00"))

    assert due(case.state, at("2021-08-19 16:59")) == ""
    assert due(case.state, at("2021-08-19 17:00")) == "recall"


def _resumed_by(case: Case, calendar: Calendar, when: str) -> Any:
    """Let the papers arrive under a calendar; gives the event."""
    grown = case.copy()
    outcome = decide(case.state, papers(), replace(case.context(when, SYSTEM), calendar=calendar))
    assert isinstance(outcome, list)
    grown._keep(outcome, at(when), SYSTEM)
    return grown.events[-1]


@pytest.mark.parametrize(
    ("when", "moved"), [("2021-08-14 14:00", True), ("2021-08-14 16:00", False)]
)
def test_nothing_moves_to_where_it_would_have_passed(when: str, moved: bool) -> None:
    """A Saturday worked brings the time to begin forward, unless it would be over already."""
    case = Case().opened("2021-08-13 15:00")

    found = moves(case, closed("2021-08-14", sessions=WORKED), when)

    expected = ("2021-08-16 15:00", "2021-08-14 15:00") if moved else None
    assert found.get(FIRST_ACTION) == expected


def test_a_step_pulled_back_moves_as_if_it_had_never_left() -> None:
    """Its due date is computed from its first beginning, and the audit computes the same."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    case.does(complete("appraise"), MON)
    case.does(pull("review"), MON)
    storm = closed("2021-08-10")

    assert moves(case, storm, "2021-08-09 11:00")[STEP] == ("2021-08-11 09:00", "2021-08-12 09:00")
    assert set(agreed(case, storm)) == {Agreement.SAME}


def test_looked_at_is_begun_on() -> None:
    """A step that was opened has no time to begin left that could move."""
    case = Case().opened()
    case.does(look("appraise"), MON)

    assert FIRST_ACTION not in moves(case, closed("2021-08-10"), "2021-08-09 11:00")
