"""A pause ends under another calendar: where the dates go, and that the audit counts them alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.base.instants import HOUR, to_us
from office.process.model.process import Process
from office.process.repository import check_text
from office.worktime.calendars.vietnam import state_office
from office.worktime.working_time import ResumePolicy
from services.routing.domain.alarms import DOSSIER, STEP
from services.routing.domain.decider import decide
from services.routing.domain.escalation import EscalationPolicy, Stage
from tests.support.events import name_of, payload_of
from tests.support.routing_calendars import (
    SATURDAY,
    agreed,
    closed,
    due,
    named,
    paused,
    recalculated,
    wall,
)
from tests.support.routing_cases import Case, at, clock, go_on, stop

STORM = closed("2021-08-12")


MOVED = """
process: moved
version: {0}
title: {{vi: A, en: A}}
steps:
  - name: first
    title: {{vi: A, en: A}}
    unit: dossier
    role: specialist
    national_state: 4
    timers: [{1}]
    transitions: [{{name: "on", title: {{vi: A, en: A}}, to: last}}]
  - name: last
    title: {{vi: A, en: A}}
    unit: dossier
    role: leader
    national_state: 4
    resolves: true
"""


def test_a_timer_of_a_case_that_was_moved_in_a_pause_waits_since_then() -> None:
    """Stopped on Monday, moved on Thursday to a version with a timer of a day, gone on on Friday:
    the timer stands at Monday, not later by what was waited before there was one.
    """
    texts = (MOVED.format(1, ""), MOVED.format(2, '{after: 1wd, take: "on"}'))
    before, after = (check_text(text)[0][0].process for text in texts)
    case = Case()

    def does(command: Any, when: str, process: Process) -> None:
        outcome = decide(case.state, command, replace(case.context(when), process=process))
        assert isinstance(outcome, list), outcome
        case._keep(outcome, at(when))

    does(DossierAccepted(time_limit="none", process="moved"), "2021-08-09 09:00", before)
    does(stop("first"), "2021-08-09 10:00", before)
    move = pb.MoveCaseRequest(process="moved", process_version=2, reason="quy định mới")
    does(move, "2021-08-12 10:00", after)
    does(go_on("first"), "2021-08-13 10:00", after)
    (timer,) = case.state.work.timers
    assert clock(timer.at) == "2021-08-16 10:00"


def test_a_stop_in_time_is_in_time_though_the_watch_was_faster() -> None:
    """The watch looked after 17:00, the stop of 16:57 was written after that: no date has passed
    when the clock is stopped, and the audit says the same.
    """
    case = Case(time_limit="1wd").opened("2021-08-09 17:00").taken("2021-08-09 17:00")
    assert ("DeadlineMissed", DOSSIER) in named(case.watched("2021-08-10 17:00", 1))
    payload = paused(case, state_office(), "2021-08-10 16:57", "2021-08-11 09:00")
    assert (payload.after_missed, payload.stays_late) == (False, False)
    assert due(case) == "2021-08-11 09:03"
    assert agreed(case)
    assert ("DeadlineMissed", DOSSIER) in named(case.watched("2021-08-11 09:03", 1))


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
    assert recalculated(case, SATURDAY, until) == []


def test_one_pause_after_the_other_keeps_the_date_ahead() -> None:
    """A date that was kept is kept again, each time later by what was waited."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()
    recalculated(case, SATURDAY, "2021-08-14 16:00")

    paused(case, SATURDAY, "2021-08-14 16:30", "2021-08-14 16:45")
    paused(case, SATURDAY, "2021-08-16 08:00", "2021-08-16 08:30")

    assert due(case) == "2021-08-16 09:45"
    assert agreed(case, SATURDAY)
    payloads = case.watched("2021-08-16 09:00", 1)
    assert not [
        each for each in payloads if isinstance(each, DeadlineMissed) and each.scope == DOSSIER
    ]


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


# -- a date that had passed lies ahead again -------------------------------------------------------


@pytest.mark.parametrize("policy", ResumePolicy)
def test_a_date_that_lies_ahead_again_is_missed_anew(policy: ResumePolicy) -> None:
    """Late by 09:00 of the 16th, stopped at 10:00; then the 12th counts no longer. Seven
    hours are left when the clock goes on: lateness is judged by the new date, warned of anew.
    """
    case = Case(time_limit="5wd", policy=policy).opened("2021-08-09 09:00").taken()
    assert ("DeadlineMissed", DOSSIER) in named(case.watched("2021-08-16 09:30"))

    payload = paused(case, STORM, "2021-08-16 10:00", "2021-08-17 10:00")

    assert payload.after_missed
    assert not payload.restarted
    assert due(case) == "2021-08-18 09:00"
    case.taken("2021-08-17 10:00", "binh")
    assert named(case.watched("2021-08-18 09:00")) == [("DeadlineApproaching", DOSSIER)]
    (gone,) = case.watched("2021-08-18 09:00", 1)
    assert isinstance(gone, DeadlineMissed)
    assert (gone.scope, clock(to_us(gone.due_at))) == (DOSSIER, "2021-08-18 09:00")
    assert case.watched("2021-09-18 09:00") == []
    assert agreed(case, STORM)


def test_a_step_that_lies_ahead_again_is_warned_of_and_missed_anew() -> None:
    """Its own field says so; the dossier's date had not passed."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()
    assert named(case.watched("2021-08-11 09:30")) == [("DeadlineMissed", STEP)]

    payload = paused(case, closed("2021-08-10"), "2021-08-11 10:00", "2021-08-11 11:00")

    assert (payload.after_missed, payload.step_after_missed) == (False, True)
    case.taken("2021-08-11 11:00", "binh")
    assert named(case.watched("2021-08-12 10:00")) == [("DeadlineApproaching", STEP)]
    assert named(case.watched("2021-08-12 10:00", 1)) == [("DeadlineMissed", STEP)]
    assert agreed(case, closed("2021-08-10"))


def test_a_date_that_moves_away_is_warned_of_anew() -> None:
    """Warned of, but not late yet: the warning comes again before the new date."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()
    assert ("DeadlineApproaching", DOSSIER) in named(case.watched("2021-08-13 15:30"))
    storm = closed("2021-08-11", "2021-08-12")

    payload = paused(case, storm, "2021-08-13 16:00", "2021-08-13 16:30")

    assert (payload.after_missed, due(case)) == (False, "2021-08-18 09:30")
    case.taken("2021-08-13 16:30", "binh")
    warned = clock(to_us(payload.warn_at))
    assert ("DeadlineApproaching", DOSSIER) not in named(case.watched(warned))
    assert ("DeadlineApproaching", DOSSIER) in named(case.watched(warned, 1))


def test_a_date_that_stays_is_warned_of_once() -> None:
    """A day off and a Saturday worked instead leave the promise where it is, and bring the time of
    its warning to a day later, when it was warned of already.
    """
    case = Case().opened().taken()
    assert ("DeadlineApproaching", DOSSIER) in named(case.watched("2021-08-13 15:00", 1))
    swapped = replace(SATURDAY, days={**SATURDAY.days, **closed("2021-08-12").days,
                                      date(2021, 8, 14): SATURDAY.days[date(2021, 8, 14)]},
                      version="vn-test+swapped")  # fmt: skip
    resumed = paused(case, swapped, "2021-08-13 17:00", "2021-08-14 07:00")
    assert clock(to_us(resumed.due_at)) == clock(to_us(resumed.previous_due_at))
    assert clock(to_us(resumed.warn_at)) == "2021-08-14 15:00"
    assert ("DeadlineApproaching", DOSSIER) not in named(case.watched("2021-08-14 16:00"))
    assert ("DeadlineMissed", DOSSIER) in named(case.watched("2021-08-16 09:00", 1))


def test_a_limit_that_begins_again_and_keeps_its_signed_date_is_warned_of_once() -> None:
    """The extension holds as it stands: of that date it was said already."""
    case = Case().opened().taken()
    case.does(stop("appraise"), "2021-08-13 16:00")
    resumed = case.does(go_on("appraise"), "2021-08-13 16:01")[-1]
    warned = case.watched("2021-08-13 16:30")
    assert ("DeadlineApproaching", DOSSIER) in named(warned)
    again = type(resumed).FromString(resumed.SerializeToString())
    again.restarted, again.time_limit, again.extension_holds = True, "1wd", True
    again.warn_at.FromMicroseconds(at("2021-08-16 08:00"))
    case._keep([again], at("2021-08-13 16:40"))
    assert ("DeadlineApproaching", DOSSIER) not in named(case.watched("2021-08-16 08:30"))


def test_the_people_above_are_told_anew() -> None:
    """The levels go by the rule of the date: told again of what lies ahead again, each once."""
    policy = EscalationPolicy((Stage("head", "head", of="dossier"),))
    case = Case(time_limit="5wd", escalation_policy=policy).opened("2021-08-09 09:00").taken()
    assert ("DeadlineEscalated", DOSSIER) in named(case.watched("2021-08-16 09:30"))

    paused(case, STORM, "2021-08-16 10:00", "2021-08-17 10:00")

    case.taken("2021-08-17 10:00", "binh")
    assert named(case.watched("2021-08-18 09:00")) == [("DeadlineApproaching", DOSSIER)]
    assert named(case.watched("2021-08-18 09:00", 1)) == [
        ("DeadlineMissed", DOSSIER),
        ("DeadlineEscalated", DOSSIER),
    ]


def test_late_by_either_calendar_stays_late() -> None:
    """A later date that had passed all the same when the clock was stopped is not missed again."""
    case = Case(time_limit="5wd").opened("2021-08-09 09:00").taken()
    case.watched("2021-08-16 09:30")

    payload = paused(case, STORM, "2021-08-17 09:30", "2021-08-18 10:00")

    assert (payload.after_missed, due(case)) == (False, "2021-08-18 09:30")
    case.taken("2021-08-18 10:00", "binh")
    assert case.watched("2021-09-18 09:00") == []
    assert agreed(case, STORM)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 40),
            st.integers(1, 40),
            st.sets(st.integers(9, 31), max_size=6),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(list(ResumePolicy)),
)
def test_each_date_that_passes_is_said_once(
    rounds: list[tuple[int, int, set[int], bool]], policy: ResumePolicy
) -> None:
    """Whatever becomes of the calendar while the clock stands still: of the date that holds in the
    end it is said once that it passed, unless it was late, and the clock's going on left it so.
    """
    case = Case(time_limit="3wd", policy=policy).opened("2021-08-09 09:00")
    known, now = [], at("2021-08-09 09:00")
    for before, waited, days, look in rounds:
        known.append(closed(*(f"2021-08-{day:02d}" for day in sorted(days))))
        since = now + before * HOUR
        now = since + waited * HOUR
        if look:
            case.watched(wall(since))
        payload = paused(case, known[-1], wall(since), wall(now))
    was_late = to_us(payload.previous_due_at) < to_us(payload.suspended_at)
    resumed, limit = len(case.events), case.state.dossier_limit
    assert limit is not None

    case.watched("2022-08-09 09:00")

    payloads = [
        payload_of(e, DeadlineMissed)
        for e in case.events[resumed:]
        if name_of(e) == "DeadlineMissed"
    ]
    to_be_said = [] if was_late and limit.due_at <= now else [limit.due_at]
    assert [to_us(m.due_at) for m in payloads if m.scope == DOSSIER] == to_be_said
    assert payload.after_missed is (was_late and limit.due_at > now)
    assert agreed(case, *known)
