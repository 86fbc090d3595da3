"""A question to another unit has a time of its own, which comes near and passes like a step's.

The dossier is accepted on Monday 09/08/2021 at 09:00; its first step is due on Wednesday at 09:00.
"""

from __future__ import annotations

from typing import Any

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseWithdrawn, SupplementExpired
from motcua.routing.v1.collaboration_events_pb2 import ConsultationAnswered, ConsultationRequested
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineMissed,
)

from kernel.base.instants import to_us
from services.routing.domain.alarms import CONSULTATION
from services.routing.domain.escalation import EscalationPolicy, Stage
from tests.support.events import payload_of
from tests.support.routing_cases import (
    PLANNER,
    SYSTEM,
    Case,
    answer,
    ask,
    clock,
    go_on,
    let_go,
    papers,
    stop,
    supplement,
    withdrawal,
)

MON = "2021-08-09 10:00"


def asking(limit: str = "1wd", **more: Any) -> Case:
    """A case that is taken, and in which the planners are asked on Monday at ten."""
    case = Case(**more).opened().taken()
    case.does(ask("appraise", limit=limit), MON)
    return case


def of_questions(payloads: list[Any]) -> list[Any]:
    """Keep what is said of questions."""
    return [message for message in payloads if getattr(message, "scope", 0) == CONSULTATION]


def test_the_request_tells_all_that_follows_from_its_limit() -> None:
    """A working day from Monday 10:00; four hours before it, Monday 16:00, the warning."""
    (asked,) = [payload_of(e, ConsultationRequested) for e in asking().events[2:]]

    assert isinstance(asked, ConsultationRequested)
    assert clock(to_us(asked.due_at)) == "2021-08-10 10:00"
    assert clock(to_us(asked.warn_at)) == "2021-08-09 16:00"
    assert (asked.time_limit, clock(to_us(asked.started_at))) == ("1wd", MON)
    assert asked.calendar_version.startswith("vn-")


def test_it_comes_near_and_passes_once_each() -> None:
    """At the instant itself nothing, just after it one event, later looks none."""
    case = asking()

    assert case.watched("2021-08-09 16:00") == []
    (near,) = case.watched("2021-08-09 16:00", 1)
    assert case.watched("2021-08-10 10:00") == []
    (gone,) = case.watched("2021-08-10 10:00", 1)
    assert of_questions(case.watched("2021-09-30 10:00")) == []
    assert [type(near), type(gone)] == [DeadlineApproaching, DeadlineMissed]
    for payload in (near, gone):
        about = (
            payload.scope,
            payload.consultation,
            payload.step,
            payload.unit,
            payload.suspended_for,
        )
        assert about == (CONSULTATION, 1, "appraise", "H22.02", 0)
        assert clock(to_us(payload.due_at)) == "2021-08-10 10:00"


def test_an_answer_in_time_ends_it() -> None:
    """At the very instant of the due date an answer is in time."""
    case = asking()

    payloads = case.does(answer(), "2021-08-10 10:00", PLANNER)
    assert [type(m) for m in payloads] == [ConsultationAnswered]
    assert of_questions(case.watched("2021-09-30 10:00")) == []


def test_a_late_answer_comes_after_what_is_to_be_said() -> None:
    """That it was late does not depend on when the watch looked."""
    case = asking()

    missed, answered = case.does(answer(), "2021-08-10 11:00", PLANNER)
    assert (missed.scope, missed.consultation) == (CONSULTATION, 1)
    assert isinstance(answered, ConsultationAnswered)
    assert of_questions(case.watched("2021-09-30 10:00")) == []


def test_each_question_has_its_own_time() -> None:
    """The one that is answered is silent, the other one is not."""
    case = asking()
    other = pb.RequestConsultationRequest(
        step="appraise", unit="H22.05", question="Có gây ô nhiễm?", time_limit="0.5wd"
    )
    case.does(other, MON)

    # Half a working day from Monday 10:00 is 16:00, as the office is closed for two hours.
    payloads = of_questions(case.watched("2021-08-09 16:00", 1))
    assert [(type(m), m.consultation, m.unit) for m in payloads] == [
        (DeadlineApproaching, 1, "H22.02"),
        (DeadlineMissed, 2, "H22.05"),
    ]
    case.does(answer(1), "2021-08-09 16:10", PLANNER)
    assert of_questions(case.watched("2021-09-30 10:00")) == []


@pytest.mark.parametrize("papers_awaited", [True, False])
def test_it_runs_on_while_the_dossier_s_clock_stands_still(papers_awaited: bool) -> None:
    """Other units answer while papers or a third party are awaited; resuming moves nothing."""
    case = asking()
    case.does(supplement("appraise") if papers_awaited else stop("appraise"), MON)

    (gone,) = of_questions(case.watched("2021-08-10 10:00", 1))
    assert (type(gone), gone.suspended_for) == (DeadlineMissed, 0)
    if papers_awaited:
        case.does(papers(), "2021-08-12 10:00", SYSTEM)
    else:
        case.does(go_on("appraise"), "2021-08-12 10:00")
    assert of_questions(case.watched("2021-08-13 10:00")) == []


def test_the_end_of_the_citizen_s_time_is_told_beside_it() -> None:
    """What is said of the citizen's time is not said of the question, nor the other way round."""
    case = asking()
    case.does(supplement("appraise", "2021-08-11 10:00"), MON)

    payloads = case.watched("2021-09-30 10:00")
    assert [type(m) for m in payloads] == [SupplementExpired, DeadlineMissed]
    assert payloads[1].scope == CONSULTATION
    assert case.state.work.asked[0].limit is not None
    assert case.state.work.asked[0].limit.missed


def test_those_above_the_asked_unit_are_notified_by_the_policy() -> None:
    """A level of the steps' due dates is one of the questions', of the unit that was asked."""
    policy = EscalationPolicy(
        (
            Stage("head", "head"),
            Stage("leader", "leader", "dossier"),
            Stage("office", "leader", of="dossier"),
        )
    )
    case = asking(escalation_policy=policy)

    case.watched("2021-08-09 16:00", 1)
    payloads = case.watched("2021-08-10 10:00", 1)
    levels = [m for m in payloads if isinstance(m, DeadlineEscalated)]
    assert [(m.escalation_level, m.unit, m.number, m.consultation, m.step) for m in levels] == [
        ("head", "H22.02", 1, 1, "appraise"),
        ("leader", "H22.12", 2, 1, "appraise"),
    ]
    assert of_questions(case.watched("2021-08-10 11:00")) == []


def test_a_case_that_has_ended_waits_for_nobody() -> None:
    """A question that nobody answered is said no more."""
    case = asking()
    case.does(withdrawal(), MON, SYSTEM)
    assert isinstance(case.does(let_go(), MON)[-1], CaseWithdrawn)
    assert case.watched("2021-09-30 10:00") == []


def test_a_question_without_a_limit_is_never_late() -> None:
    """Nobody said until when."""
    assert of_questions(asking("").watched("2021-09-30 10:00")) == []
