"""A question is taken back: who may, what ends with it, and what a late answer hears.

The dossier is accepted on Monday 09/08/2021 at 09:00; its first step is due on Wednesday at 09:00.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import ConsultationCancelled, ConsultationRequested
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineMissed,
)
from motcua.routing.v1.types_pb2 import CaseFact

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp, to_us
from office.worktime.calendars.vietnam import state_office
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import Agreement
from services.routing.domain.alarms import CONSULTATION
from services.routing.domain.escalation import EscalationPolicy, Stage
from tests.support.events import name_of, payload_of
from tests.support.routing_calendars import closed, recalculated
from tests.support.routing_cases import (
    AN,
    BINH,
    LEADER,
    PLANNER,
    SPECIALIST,
    STRANGER,
    Case,
    answer,
    ask,
    assign,
    at,
    cancel,
    clock,
    complete,
    pull,
    resolve,
    supplement,
    takes_part,
)

MON = "2021-08-09 10:00"
LATER = "2021-08-09 11:00"
HEAD_TOLD = EscalationPolicy((Stage("head", "head"),))


def asking(waits: bool = False, limit: str = "1wd", **more: Any) -> Case:
    """A case that An has, and in which An asks the planners on Monday at ten."""
    case = Case(**more).opened().taken()
    case.does(ask("appraise", waits, limit), MON)
    return case


def of_questions(payloads: list[Any]) -> list[type]:
    """Return what is said of questions."""
    return [type(message) for message in payloads if getattr(message, "scope", 0) == CONSULTATION]


def test_it_tells_what_was_asked_and_why_it_is_not_any_more() -> None:
    """Number, unit, step, reason, and the due date that ends."""
    (payload,) = asking().does(cancel(), LATER)
    assert isinstance(payload, ConsultationCancelled)
    assert (payload.number, payload.unit, payload.step) == (1, "H22.02", "appraise")
    assert (payload.reason, clock(to_us(payload.due_at))) == ("hỏi nhầm đơn vị", "2021-08-10 10:00")
    (without,) = asking(limit="").does(cancel(), LATER)
    assert not without.HasField("due_at")


def test_a_step_that_waited_goes_on() -> None:
    """It is completed, and a result given, as after an answer."""
    case = asking(waits=True)
    case.when(complete("appraise"), LATER).then("CONSULTATION_OPEN")
    case.does(cancel(), LATER)
    case.does(complete("appraise"), LATER)
    ending = Case(process="same-day").opened()
    ending.does(ask("handle", waits=True), MON)
    ending.does(cancel(), LATER)
    ending.does(resolve("handle"), LATER)


@pytest.mark.parametrize(
    ("when", "before"),
    [
        (LATER, []),
        ("2021-08-09 16:30", [DeadlineApproaching]),
        ("2021-08-10 11:00", [DeadlineMissed, DeadlineEscalated]),
    ],
)
def test_nothing_more_is_said_of_it(when: str, before: list[type]) -> None:
    """Whatever was said by then, no warning, lateness or level comes afterwards."""
    case = asking(escalation_policy=HEAD_TOLD)
    assert of_questions(case.watched(when)) == before
    assert [type(m) for m in case.does(cancel(), when)] == [ConsultationCancelled]
    assert of_questions(case.watched("2021-09-30 10:00")) == []


def test_that_it_was_late_is_said_before_whenever_the_watch_looked() -> None:
    """Taking it back does not make an answer that never came come in time."""
    payloads = asking().does(cancel(), "2021-08-10 11:00")
    assert [type(m) for m in payloads] == [DeadlineMissed, ConsultationCancelled]
    assert payloads[0].consultation == 1


def test_who_may_take_it_back() -> None:
    """Who asked, wherever the case is by then; who has the step now; nobody else."""
    case = asking()
    for other in (STRANGER, PLANNER, BINH):
        case.when(cancel(), LATER, other).then("NOT_YOURS_TO_CANCEL")
    case.does(complete("appraise"), LATER)
    case.does(assign("review", "binh"), LATER)
    case.when(cancel(), LATER, SPECIALIST).then("NOT_YOURS_TO_CANCEL")
    case.copy().does(cancel(), LATER, AN)
    case.copy().does(cancel(), LATER, BINH)


def test_a_step_that_nobody_has_is_of_those_with_its_role() -> None:
    """A specialist of the unit does the first step, and not the head's."""
    case = Case().opened()
    case.does(ask("appraise"), MON)
    case.copy().does(cancel(), LATER, SPECIALIST)
    case.does(complete("appraise"), LATER)
    case.when(cancel(), LATER, SPECIALIST).then("NOT_YOURS_TO_CANCEL")
    case.does(cancel(), LATER, LEADER)


def test_who_cooperates_takes_back_only_an_own_question() -> None:
    """Beside the one who has the step, asking is all they do."""
    case = asking()
    case.does(takes_part(1, "la"), MON)
    other = pb.RequestConsultationRequest(step="appraise", unit="H22.05", question="Có ồn?")
    case.does(other, MON, STRANGER)
    case.when(cancel(1), LATER, STRANGER).then("NOT_YOURS_TO_CANCEL")
    case.does(cancel(2), LATER, STRANGER)


def test_who_stands_in_for_the_one_who_asked_may_too() -> None:
    """In the absence, not after it."""
    case = asking()
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.CopyFrom(to_timestamp(at("2021-08-10 10:00")))
    case.does(request, MON)
    case.does(assign("appraise", "cv"), MON)
    case.when(cancel(), "2021-08-10 10:00", BINH).then("NOT_YOURS_TO_CANCEL")
    case.does(cancel(), LATER, BINH)


def test_while_papers_are_awaited_it_is_taken_back_all_the_same() -> None:
    """As it could be answered then: by who asked, and by who has the step."""
    case = asking()
    case.does(assign("appraise", "binh"), MON)
    case.does(supplement("appraise"), MON, BINH)
    case.copy().does(cancel(), LATER, AN)
    case.does(cancel(), LATER, BINH)


def test_only_an_open_question_and_only_once_with_a_reason() -> None:
    """Each refusal has its rule; a late answer hears that and why it was taken back."""
    case = asking()
    case.when(cancel(2), LATER).then("NO_SUCH_CONSULTATION")
    case.when(cancel(reason=" "), LATER).then("REASON_NEEDED")
    answered = case.copy()
    answered.does(answer(), LATER, PLANNER)
    answered.when(cancel(), LATER).then("ALREADY_ANSWERED")
    case.does(cancel(), LATER)
    case.when(cancel(), LATER).then("CONSULTATION_CANCELLED")
    late = case.asked(answer(), LATER, PLANNER)
    assert isinstance(late, Refusal)
    assert late.code == "CONSULTATION_CANCELLED"
    assert "hỏi nhầm đơn vị" in late.vi
    assert "hỏi nhầm đơn vị" in late.en
    ended = Case(process="same-day").opened()
    ended.does(ask("handle"), MON)
    ended.does(resolve("handle"), MON)
    ended.when(cancel(), LATER).then("CASE_RESOLVED")


def test_it_may_be_put_again() -> None:
    """The same question to the same unit, under the next number."""
    case = asking()
    case.does(cancel(), LATER)
    (again,) = case.does(ask("appraise"), LATER)
    assert again.number == 2
    case.does(answer(2), LATER, PLANNER)


def test_what_the_process_waits_for_is_not_an_officer_s_to_take_back() -> None:
    """The one that it only asks beside is; what was taken back is not asked again by itself."""
    case = Case(process="consulted").opened()
    asked = [
        payload_of(e, ConsultationRequested)
        for e in case.events
        if name_of(e) == "ConsultationRequested"
    ]
    assert [(each.name, each.waits) for each in asked][:1] == [("planning", True)]
    case.when(cancel(1), LATER).then("CONSULTATION_OF_PROCESS")
    online = Online(process="consulted").opened()
    online.does(cancel(2), LATER)
    online.does(answer(1), LATER, PLANNER)
    stated = [CaseFact(name="outcome", value="reject"), CaseFact(name="area", value="5")]
    online.does(pb.CompleteStepRequest(step="appraise", facts=stated), LATER)
    back = online.does(pb.SendBackRequest(step="approve", reason="xem lại"), LATER)
    assert [type(m).__name__ for m in back] == ["StepSentBack"]


def test_a_case_that_was_moved_may_drop_what_its_old_process_asked() -> None:
    """The process that it follows now does not wait for that."""
    case = Case(process="consulted").opened()
    over = pb.MoveCaseRequest(process="simple", process_version=1, reason="quy định mới")
    case.process = "simple"
    case.does(over, MON, LEADER)
    case.when(complete("appraise"), LATER).then("CONSULTATION_OPEN")
    case.does(cancel(1), LATER)
    case.does(complete("appraise"), LATER)


class Online(Case):
    """A case that came online, so that its process asks two units."""

    def context(self, when: str, actor: Any = AN) -> Any:
        """Return the context with the channel."""
        return replace(super().context(when, actor), channel=2)


def test_the_sender_s_taking_back_is_no_act_of_the_receiver() -> None:
    """The case can still be pulled back; not when the receiver has done so."""
    case = asking()
    case.does(complete("appraise"), LATER)
    mine, theirs = case.copy(), case.copy()
    mine.does(cancel(), LATER)
    mine.does(pull("review"), LATER)
    theirs.does(cancel(), LATER, BINH)
    theirs.when(pull("review"), LATER).then("ALREADY_OPENED")


def test_a_changed_calendar_leaves_it_alone() -> None:
    """Beside an open question, which moves, the one that was taken back is not recalculated."""
    case = asking()
    other = pb.RequestConsultationRequest(
        step="appraise", unit="H22.05", question="Có ồn?", time_limit="2wd"
    )
    case.does(other, MON)
    case.does(cancel(1), LATER)
    (moved,) = [m for m in recalculated(case, closed("2021-08-10"), LATER) if m.consultation]
    assert (moved.scope, moved.consultation) == (CONSULTATION, 2)
    (before, after) = (clock(to_us(at)) for at in (moved.previous_due_at, moved.due_at))
    assert (before, after) == ("2021-08-11 10:00", "2021-08-12 10:00")


def test_the_audit_tells_that_no_answer_is_due_any_more() -> None:
    """A line with the step, as the one of the question; none for a question without a limit."""
    case = asking()
    case.does(cancel(), LATER)
    explanation = explain(case.events, {state_office().version: state_office()}.get)
    *_, asked, taken = [line for line in explanation.lines if line.step]
    assert asked.agreement is explanation.agreement is Agreement.SAME
    assert (taken.due_at, taken.step) == (None, "appraise")
    assert taken.text[1] == "Consultation 1 of H22.02 is taken back: no answer is due any more"
    case.does(ask("appraise"), LATER)
    case.does(cancel(2), LATER)
    assert len(explain(case.events, lambda _version: None).lines) == len(explanation.lines)
