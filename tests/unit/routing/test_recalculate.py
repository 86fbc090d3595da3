"""A calendar changes: which open due dates move, to where, and what is said of them afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseOpened

from kernel.base.instants import to_us
from office.worktime import working_time
from office.worktime.calendars.model import Session
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import TimeLimit
from office.worktime.working_time import ResumePolicy
from services.routing.domain.decider import decide
from tests.support.events import changing, name_of
from tests.support.routing_calendars import ORDER, closed, due, recalculated
from tests.support.routing_cases import SYSTEM, Case, at, clock, complete, papers, supplement


def test_a_closure_moves_the_open_due_date() -> None:
    """A day closed on the way puts the promise off by a day; old and new, calendars and reason are
    in the event.
    """
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    storm = closed("2021-08-12")

    dossier, *_ = recalculated(case, storm, "2021-08-11 10:00")

    assert clock(to_us(dossier.previous_due_at)) == "2021-08-16 09:00"
    assert clock(to_us(dossier.due_at)) == due(case) == "2021-08-17 09:00"
    assert dossier.calendar_version == storm.version
    assert dossier.previous_calendar_version == state_office().version
    assert dossier.reason == ORDER.reason
    assert not dossier.after_missed


def test_an_afternoon_closed() -> None:
    """A closure for some hours moves a due date by those hours."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")

    recalculated(case, closed("2021-08-12", sessions=(Session(420, 690),)), "2021-08-11 10:00")

    assert due(case) == "2021-08-16 14:30"


def test_twice_changes_nothing_more() -> None:
    """The same calendar again, or one that differs where the case is not, moves nothing."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    storm = closed("2021-08-12")
    assert recalculated(case, storm, "2021-08-11 10:00")

    assert recalculated(case, storm, "2021-08-11 10:00") == []
    assert recalculated(case, closed("2021-08-12", "2021-09-30"), "2021-08-11 10:01") == []


def test_the_step_moves_with_its_own_limit() -> None:
    """A step's due date is recalculated from the beginning of the step."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    before = case.state.step_limit
    assert before is not None

    moved = recalculated(case, closed("2021-08-09"), "2021-08-09 09:30")

    step = next(each for each in moved if each.step)
    limit = case.state.step_limit
    assert limit is not None
    assert limit.due_at == to_us(step.due_at) > before.due_at


def test_a_suspended_case_waits_for_its_resumption() -> None:
    """Nothing moves while the clock stands still; all is counted anew when it goes on."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    step = case.state.step
    case.does(complete(step), "2021-08-09 10:00")
    case.does(supplement(case.state.step), "2021-08-11 10:00")
    storm = closed("2021-08-10", "2021-08-12")

    assert recalculated(case, storm, "2021-08-12 09:00") == []
    context = replace(case.context("2021-08-17 15:00", SYSTEM), calendar=storm)
    outcome = decide(case.state, papers(), context)
    assert isinstance(outcome, list)
    case._keep(outcome, at("2021-08-17 15:00"))

    # Without the storm: 20/08 14:00. The 10th lay before the pause and costs a day; the 12th lay in
    # it and costs nothing.
    assert due(case) == "2021-08-23 14:00"
    assert recalculated(case, storm, "2021-08-18 09:00") == []


def test_pauses_are_counted_by_the_new_calendar() -> None:
    """After a pause a recalculation gives what the new calendar would have given all along."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    case.does(complete(case.state.step), "2021-08-09 10:00")
    case.does(supplement(case.state.step), "2021-08-11 10:00")
    case.does(papers(), "2021-08-17 15:00", SYSTEM)
    assert due(case) == "2021-08-20 14:00"

    recalculated(case, closed("2021-08-16", "2021-08-19"), "2021-08-18 09:00")

    assert due(case) == "2021-08-23 14:00"


def test_restarted_limits_count_from_the_resumption() -> None:
    """Of a restarted case only what follows its resumption counts."""
    case = Case(time_limit="5wd", policy=ResumePolicy.RESTART).opened("2021-08-09 09:00")
    case.does(complete(case.state.step), "2021-08-09 10:00")
    case.does(supplement(case.state.step), "2021-08-11 10:00")
    case.does(papers(), "2021-08-17 15:00", SYSTEM)
    assert due(case) == "2021-08-24 15:00"

    recalculated(case, closed("2021-08-10", "2021-08-20"), "2021-08-18 09:00")

    assert due(case) == "2021-08-25 15:00"


def test_lateness_that_was_said_is_judged_by_the_new_date() -> None:
    """A promise that lies ahead again can be warned of and missed again; the event says so."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    assert case.watched("2021-08-16 09:00", 1)

    dossier = recalculated(case, closed("2021-08-12"), "2021-08-16 10:00")[0]

    assert dossier.after_missed
    limit = case.state.dossier_limit
    assert limit is not None
    assert not limit.missed
    payloads = case.watched("2021-08-17 09:00", 1)
    assert [type(each).__name__ for each in payloads if not each.step] == ["DeadlineMissed"]


def test_lateness_that_nobody_said_is_said_first() -> None:
    """Whether a due date had passed does not depend on when the watch looked."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")

    moved = recalculated(case, closed("2021-08-12"), "2021-08-16 10:00")

    names = [name_of(event) for event in case.events]
    assert names.index("DeadlineMissed") < names.index("DeadlineRecalculated")
    assert moved[0].after_missed


def test_still_late_by_the_new_date() -> None:
    """A date that moves later and still has passed is not missed a second time."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    assert case.watched("2021-08-18 09:00", 1)

    recalculated(case, closed("2021-08-12"), "2021-08-18 10:00")

    assert due(case) == "2021-08-17 09:00"
    assert [each for each in case.watched("2021-08-18 11:00") if not each.step] == []


def test_nobody_is_late_by_a_decree_that_came_afterwards() -> None:
    """A Saturday worked brings a promise forward, but never to where it would have passed."""
    saturday = closed("2021-08-14", sessions=(Session(420, 690), Session(810, 1020)))
    early = Case(time_limit="5wd").opened("2021-08-09 09:00")
    afterwards = early.copy()

    recalculated(early, saturday, "2021-08-11 10:00")
    assert due(early) == "2021-08-14 09:00"
    assert recalculated(afterwards, saturday, "2021-08-14 09:01") == []
    assert due(afterwards) == "2021-08-16 09:00"


def test_what_was_not_computed_is_not_recalculated() -> None:
    """The date that another system promised stays."""
    case = Case(time_limit="5wd", imported=True).opened("2021-08-09 09:00")
    case.does(pb.CompleteImportRequest(), "2021-08-09 09:30")

    assert recalculated(case, closed("2021-08-12"), "2021-08-11 10:00") == []


def test_no_case_no_date() -> None:
    """Where no case is open, nothing moves."""
    assert decide(Case().state, ORDER, Case().context("2021-08-09 09:00")) == []


DAYS = [f"2021-08-{day:02d}" for day in range(9, 32)]


@given(
    limit=st.sampled_from(["1wd", "3wd", "4wh", "2.5wd", "5cd", "9wd", "2cd+1wd"]),
    shut=st.sets(st.sampled_from(DAYS), max_size=5),
    pause=st.booleans(),
    policy=st.sampled_from(list(ResumePolicy)),
)
def test_recalculated_is_what_would_have_been(
    limit: str, shut: set[str], pause: bool, policy: ResumePolicy
) -> None:
    """A case recalculated has the date of one that lived by the new calendar from the beginning,
    unless that had passed already.
    """
    calendar = closed(*sorted(shut))
    case = Case(time_limit=limit, policy=policy).opened("2021-08-09 09:00")
    if pause:
        case.does(complete(case.state.step), "2021-08-09 09:10")
        case.does(supplement(case.state.step), "2021-08-09 09:20")
        case.does(papers(), "2021-08-11 15:00", SYSTEM)
    old = case.state.dossier_limit
    assert old is not None

    recalculated(case, calendar, "2021-08-11 15:30")

    start, stop, on = at("2021-08-09 09:00"), at("2021-08-09 09:20"), at("2021-08-11 15:00")
    length = TimeLimit.parse(limit)
    lived = working_time.limit_due_at(calendar, start, length)
    if pause:
        lived = working_time.resume_due(
            calendar, policy, due=lived, suspended_at=stop, resumed_at=on, limit=length
        )
    assert lived is not None
    kept = lived < min(old.due_at, at("2021-08-11 15:30"))
    new = case.state.dossier_limit
    assert new is not None
    assert new.due_at == (old.due_at if kept else lived)


@pytest.mark.parametrize("field", ["started_at", "time_limit"])
def test_an_event_without_its_basis_keeps_its_date(field: str) -> None:
    """What was written before events told how a date came about stays as it is."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00")
    with changing(case.events[0], CaseOpened) as opened:
        messages: tuple[Any, ...] = (opened, opened.current)
        for message in messages:
            message.ClearField(field)
        opened.current.ClearField("first_action_started_at")

    assert recalculated(case, closed("2021-08-09"), "2021-08-09 10:00") == []
