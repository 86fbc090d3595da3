"""The clock of a dossier: suspension, resumption, and the deadline watch."""

from __future__ import annotations

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseResumed, HistoryImported
from motcua.routing.v1.deadline_events_pb2 import DeadlineApproaching, DeadlineMissed
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import to_us
from office.worktime.working_time import ResumePolicy
from services.routing.domain.alarms import next_alarm
from tests.support.events import payload_of
from tests.support.routing_cases import (
    IMPORTER,
    SYSTEM,
    Case,
    assign,
    at,
    clock,
    papers,
    resolve,
    supplement,
)

DOSSIER = DeadlineScope.DEADLINE_SCOPE_DOSSIER
STEP = DeadlineScope.DEADLINE_SCOPE_STEP
FIRST_ACTION = DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION


def paused(policy: ResumePolicy) -> Case:
    """The vector: 5 days from Mon 09/08/2021 09:00, suspended 11/08 10:00 to 17/08 15:00."""
    case = Case(policy=policy).opened("2021-08-09 09:00")
    case.completed("2021-08-11 08:00", "appraise", "review")
    case.does(supplement("approve"), "2021-08-11 10:00")
    case.does(papers(), "2021-08-17 15:00", SYSTEM)
    return case


@pytest.mark.parametrize(
    ("policy", "due", "warning", "step_due"),
    [
        (ResumePolicy.KEEP, "2021-08-20 14:00", "2021-08-20 08:00", "2021-08-17 17:00"),
        (ResumePolicy.RESTART, "2021-08-24 15:00", "2021-08-24 09:00", "2021-08-18 09:00"),
    ],
)
def test_the_clock_goes_on_by_the_procedure_s_policy(
    policy: ResumePolicy, due: str, warning: str, step_due: str
) -> None:
    """Kept: the old due date and the 35 working hours waited; restarted: the full time again."""
    resumed = payload_of(paused(policy).events[-1], CaseResumed)
    assert clock(to_us(resumed.suspended_at)) == "2021-08-11 10:00"
    assert resumed.waited_working_minutes == 35 * 60
    assert clock(to_us(resumed.previous_due_at)) == "2021-08-16 09:00"
    assert clock(to_us(resumed.due_at)) == due
    assert clock(to_us(resumed.warn_at)) == warning
    assert resumed.current.step == "approve"
    assert clock(to_us(resumed.current.due_at)) == step_due
    assert resumed.calendar_version.startswith("vn-")


def test_papers_that_seem_to_come_before_they_were_asked_for_waited_no_time() -> None:
    """Clocks of two machines may disagree; the due date is then what it was."""
    case = Case().opened()
    case.does(supplement("appraise"), "2021-08-11 10:00")
    (resumed,) = case.does(papers(), "2021-08-11 09:59", SYSTEM)
    assert resumed.waited_working_minutes == 0
    assert resumed.due_at == resumed.previous_due_at


def test_a_case_without_due_dates_resumes_without_them() -> None:
    """Nothing is made up where nothing was promised."""
    case = Case(process="same-day", time_limit="none").opened()
    case.does(supplement("handle"), "2021-08-09 10:00")
    (resumed,) = case.does(papers(), "2021-08-10 10:00", SYSTEM)
    assert not resumed.HasField("due_at")
    assert not resumed.HasField("previous_due_at")
    assert not resumed.current.HasField("due_at")


def test_a_due_date_is_warned_of_and_missed_once() -> None:
    """The step's and the dossier's due dates are each said once, strictly after their instants."""
    case = Case().opened("2021-08-09 09:00").taken()
    assert case.watched("2021-08-10 15:00") == []
    (near,) = case.watched("2021-08-10 15:00", 1)
    assert isinstance(near, DeadlineApproaching)
    assert (near.scope, near.step, near.unit) == (STEP, "appraise", "H22.12")
    assert clock(to_us(near.due_at)) == "2021-08-11 09:00"
    assert case.watched("2021-08-11 09:00") == []
    (gone,) = case.watched("2021-08-11 09:00", 1)
    assert isinstance(gone, DeadlineMissed)
    assert case.watched("2021-08-12 09:00") == []
    (near,) = case.watched("2021-08-13 15:30")
    assert (type(near), near.scope, near.step) == (DeadlineApproaching, DOSSIER, "")
    (gone,) = case.watched("2021-08-16 10:00")
    assert (type(gone), gone.scope) == (DeadlineMissed, DOSSIER)
    assert case.watched("2022-08-16 10:00") == []


def test_after_an_outage_a_passed_due_date_is_said_alone() -> None:
    """A warning that comes after the due date would be of no use."""
    case = Case().opened().taken()
    payloads = case.watched("2021-08-20 09:00")
    assert [(type(m), m.scope) for m in payloads] == [
        (DeadlineMissed, DOSSIER),
        (DeadlineMissed, STEP),
    ]
    assert case.watched("2021-08-20 09:00") == []


def test_a_new_step_has_its_own_due_date() -> None:
    """What was said of one step is said again of the next."""
    case = Case().opened()
    case.watched("2021-08-11 10:00")
    case.completed("2021-08-11 10:00", "appraise")
    (gone,) = case.watched("2021-08-12 10:00")
    assert (type(gone), gone.step) == (DeadlineMissed, "review")


def test_completing_late_says_so_even_when_the_watch_did_not_look() -> None:
    """What is said does not depend on when the watch came by."""
    case = Case().opened().taken()
    missed, done = case.does(pb.CompleteStepRequest(step="appraise"), "2021-08-11 09:01")
    assert (type(missed), missed.step) == (DeadlineMissed, "appraise")
    assert done.step == "appraise"


def test_nothing_is_said_while_the_clock_stands_still() -> None:
    """A suspended case is not late; only the end of the suspension comes near and passes."""
    case = Case().opened()
    case.does(supplement("appraise"), "2021-08-09 10:00")
    assert case.watched("2021-09-07 10:00") != []
    assert case.watched("2021-09-08 10:00") == []


def test_a_kept_remainder_keeps_what_was_said_of_it() -> None:
    """A dossier that was warned of, or late, before the pause is not so again after it."""
    case = Case().opened().taken()
    case.watched("2021-08-16 10:00")
    case.does(supplement("appraise"), "2021-08-16 10:00")
    case.does(papers(), "2021-08-18 10:00", SYSTEM)
    case.does(assign("appraise", "binh"), "2021-08-18 10:00")
    assert case.watched("2021-08-30 10:00") == []


def test_a_clock_that_starts_again_is_watched_again() -> None:
    """After a restart the new due dates are said anew."""
    case = Case(policy=ResumePolicy.RESTART).opened().taken()
    assert [m.scope for m in case.watched("2021-08-13 16:00")] == [DOSSIER, STEP]
    case.does(supplement("appraise"), "2021-08-13 16:00")
    case.does(papers(), "2021-08-18 10:00", SYSTEM)
    assert [m.scope for m in case.watched("2021-08-30 10:00")] == [DOSSIER, STEP]


def test_an_ended_case_is_not_watched() -> None:
    """Nothing is said after the result."""
    case = Case(process="same-day", time_limit="1wd").opened()
    case.does(resolve("handle"), "2021-08-09 10:00")
    assert case.watched("2021-08-30 10:00") == []


def test_an_imported_case_is_watched_from_the_end_of_its_history() -> None:
    """Old due dates are not said while history comes in; an open case is late from then on."""
    case = Case(process="imported", imported=True).opened("2010-10-11 10:00")
    assert case.watched("2021-08-30 10:00") == []
    done = case.does(pb.CompleteImportRequest(), "2021-08-30 10:00", IMPORTER)
    assert done == [HistoryImported(steps=0)]
    (gone,) = case.watched("2021-08-30 10:00")
    assert (type(gone), gone.scope) == (DeadlineMissed, DOSSIER)


def test_the_next_alarm_is_the_warning_then_the_due_date_then_none() -> None:
    """The index looks at a due date at most twice."""
    case = Case().opened("2021-08-09 09:00")
    assert next_alarm(case.state.step_limit) == at("2021-08-10 15:00")
    case.watched("2021-08-10 15:30")
    assert next_alarm(case.state.step_limit) == at("2021-08-11 09:00")
    case.watched("2021-08-11 10:00")
    assert next_alarm(case.state.step_limit) is None
    assert next_alarm(None) is None
