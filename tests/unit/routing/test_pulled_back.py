"""A step is pulled back after its clock stood still: it has its date and its pauses again."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.routing.v1.case_events_pb2 import CasePulledBack

from kernel.base.instants import HOUR, to_us
from office.worktime.calendars.vietnam import state_office
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import Agreement
from services.routing.domain.alarms import STEP, TIMER
from services.routing.domain.collaboration_state import StepTimer
from services.routing.domain.due_dates import DueDate
from services.routing.domain.use_cases.deadlines.step_timers import due
from tests.support.approvals import approving
from tests.support.events import changing
from tests.support.routing_calendars import (
    SATURDAY,
    agreed,
    closed,
    moves,
    paused,
    recalculated,
    wall,
)
from tests.support.routing_cases import Case, assign, at, clock, complete, pull


def sent_and_pulled(case: Case, when: str) -> None:
    """Complete the step, and take it back at once."""
    step = case.state.step
    if not case.state.assignee:
        case.does(assign(step, "an"), when)
    case.does(complete(step), when)
    case.does(pull(case.state.step), when)
    assert case.state.step == step


def test_it_moves_with_the_calendar() -> None:
    """Two days from Monday 09:00, and the hour waited; the 10th then counts no longer."""
    case = Case().opened("2021-08-09 09:00")
    paused(case, state_office(), "2021-08-09 10:00", "2021-08-09 11:00")
    sent_and_pulled(case, "2021-08-09 14:00")
    storm = closed("2021-08-10")

    assert moves(case, storm, "2021-08-09 15:00")[STEP] == ("2021-08-11 10:00", "2021-08-12 10:00")
    assert agreed(case, storm)


def test_its_timer_moves_with_the_calendar() -> None:
    """Three days from Monday 10:00, and the hour waited."""
    case = approving()
    paused(case, state_office(), "2021-08-10 10:00", "2021-08-10 11:00")
    case.does(assign("approve", "an"), "2021-08-10 13:30")
    case.does(complete("approve", "seal"), "2021-08-10 14:00")
    case.does(pull("seal"), "2021-08-10 14:00")

    moved = moves(case, closed("2021-08-11"), "2021-08-10 15:00")

    assert moved[TIMER] == ("2021-08-12 11:00", "2021-08-13 11:00")
    assert due(case.state, at("2021-08-13 10:59")) == ""
    assert due(case.state, at("2021-08-13 11:00")) == "recall"


def test_a_date_that_was_kept_ahead_is_had_again() -> None:
    """By its basis it would have passed, so it was kept; the audit knows it from before."""
    case = Case(time_limit="5wd").opened("2021-08-13 09:00").taken("2021-08-13 09:10")
    paused(case, SATURDAY, "2021-08-16 10:00", "2021-08-16 10:30")
    sent_and_pulled(case, "2021-08-16 14:00")

    limit = case.state.step_limit
    assert limit is not None
    assert clock(limit.due_at) == "2021-08-17 09:30"
    assert agreed(case, SATURDAY)


def test_another_date_than_before_is_found_out() -> None:
    """The audit remembers the date that the step had when it was left."""
    case = Case().opened("2021-08-09 09:00")
    paused(case, state_office(), "2021-08-09 10:00", "2021-08-09 11:00")
    sent_and_pulled(case, "2021-08-09 14:00")
    with changing(case.events[-1], CasePulledBack) as pulled:
        (pause,) = pulled.next.pauses
        assert (to_us(pause.suspended_at), to_us(pause.resumed_at)) == (
            at("2021-08-09 10:00"),
            at("2021-08-09 11:00"),
        )
        del pulled.next.pauses[:]
        pulled.next.due_at.FromMicroseconds(at("2021-08-11 09:00"))

    explanation = explain(case.events, {state_office().version: state_office()}.get)

    assert explanation.lines[-1].agreement is Agreement.DIFFERS
    assert explanation.lines[-1].problem[1] == "it names another date before"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.integers(1, 30), st.sets(st.integers(9, 20), max_size=4)),
        max_size=4,
    ),
    st.sets(st.integers(9, 31), max_size=6),
)
def test_it_is_as_if_it_had_never_left(
    pauses: list[tuple[int, int, set[int]]], last: set[int]
) -> None:
    """However often its clock stood still, by whatever calendars: all that is known of its date is
    what it was, and another calendar moves it to where it would have moved.
    """
    case = Case(process="standard").opened("2021-08-09 09:00")
    known, now = [], at("2021-08-09 09:00")
    for before, waited, days in pauses:
        known.append(closed(*(f"2021-08-{day:02d}" for day in sorted(days))))
        since = now + before * HOUR
        now = since + waited * HOUR
        paused(case, known[-1], wall(since), wall(now))
    case.does(assign("appraise", "an"), wall(now))
    stayed = case.copy()

    sent_and_pulled(case, wall(now))

    assert _dated(case) == _dated(stayed)
    changed = closed(*(f"2021-08-{day:02d}" for day in sorted(last)))
    for each in (case, stayed):
        recalculated(each, changed, wall(now + HOUR))
        assert agreed(each, *known, changed)
    assert _dated(case) == _dated(stayed)


def _dated(case: Case) -> tuple[DueDate, tuple[StepTimer, ...]]:
    """Return the dates of the current step, whichever event set them."""
    limit = case.state.step_limit
    assert limit is not None
    return replace(limit, cause=None), case.state.work.timers
