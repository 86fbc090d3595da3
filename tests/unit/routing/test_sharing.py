"""How officers and units share a case: looks, pull backs, substitutes, opinions, papers, moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import (
    CaseMoved,
    CaseOpened,
    StepCompleted,
    StepOpened,
    StepSentBack,
)
from motcua.routing.v1.collaboration_events_pb2 import ChildEnded, ConsultationRequested
from motcua.routing.v1.types_pb2 import CaseFact, DocumentKind, DocumentStage, Participation

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp, to_us
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.decider import DecisionContext, State, decide
from services.routing.domain.use_cases.deadlines.step_timers import due, take
from tests.support import routing_cases
from tests.support.approvals import CONSULTED, MON, approving, consulted, process_of, proposal
from tests.support.events import payload_of
from tests.support.routing_cases import (
    AN,
    BINH,
    LEADER,
    PLANNER,
    STRANGER,
    SYSTEM,
    Case,
    answer,
    ask,
    assign,
    at,
    clock,
    complete,
    draft,
    go_on,
    judge,
    look,
    papers,
    pull,
    resolve,
    send_back,
    stop,
    supplement,
)

TUE = "2021-08-10 10:00"
OPERATOR = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="root")
OTHER = "b"
RESULT = DocumentKind.DOCUMENT_KIND_RESULT
REVIEW, SIGNATURE = DocumentStage.DOCUMENT_STAGE_REVIEW, DocumentStage.DOCUMENT_STAGE_SIGNATURE


def sent() -> Case:
    """A case that officer An has sent on to the head."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    case.does(complete("appraise"), MON)
    return case


def test_the_first_look_is_noted_and_later_ones_change_nothing() -> None:
    """StepOpened once for each visit of a step, also when another officer looks."""
    case = sent()
    assert case.does(look("review"), MON, BINH) == [StepOpened(step="review")]
    assert case.does(look("review"), MON, BINH) == []
    assert case.does(look("review"), MON, AN) == []
    case.does(send_back("review"), MON, BINH)
    assert case.does(look("appraise"), MON) == [StepOpened(step="appraise")]


def test_whoever_does_not_have_the_step_does_not_open_it() -> None:
    """A look of another unit, or of one to whom it was not given, is not the receiver's."""
    case = sent()
    case.when(look("review"), MON, STRANGER).then("NOT_YOUR_UNIT")
    case.when(look("appraise"), MON).then("NOT_CURRENT_STEP")
    case.does(assign("review", "binh"), MON)
    case.when(look("review"), MON).then("NOT_ASSIGNED_TO_YOU")


def test_the_sender_pulls_back_what_nobody_opened_with_its_old_due_date() -> None:
    """The step, its officer and its due date are as they were; nothing is gained by it."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    before = case.state
    case.does(complete("appraise"), TUE)
    (taken,) = case.does(pull("review"), "2021-08-10 11:00")
    assert (taken.step, taken.next.step, taken.assignee) == ("review", "appraise", "an")
    after = case.state
    assert (after.step, after.assignee, after.done) == ("appraise", "an", ())
    assert after.step_limit is not None
    assert after.step_limit.due_at == before.step_limit.due_at  # type: ignore[union-attr]
    case.does(complete("appraise"), "2021-08-10 11:30")


def test_what_was_said_of_a_due_date_is_not_said_again_after_a_pull_back() -> None:
    """A warning given before counts on: each thing is said once for a due date."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    assert [type(payload).__name__ for payload in case.watched("2021-08-10 16:00")] == [
        "DeadlineApproaching"
    ]
    case.does(complete("appraise"), "2021-08-10 16:10")
    case.does(pull("review"), "2021-08-10 16:20")
    assert case.watched("2021-08-10 16:30") == []


def test_a_sender_who_named_the_receiver_may_still_pull_back() -> None:
    """To say to whom it goes is no look of the receiver."""
    case = sent()
    case.does(assign("review", "binh"), MON)
    case.does(pull("review"), MON)
    assert case.state.step == "appraise"


def _looks(case: Case) -> None:
    case.does(look("review"), MON, BINH)


def _gives(case: Case) -> None:
    case.does(assign("review", "binh"), MON, BINH)


def _drafts(case: Case) -> None:
    case.does(draft("review"), MON, BINH)


def _asks(case: Case) -> None:
    case.does(ask("review"), MON, BINH)


def _stops(case: Case) -> None:
    case.does(stop("review"), MON, BINH)
    case.does(go_on("review"), MON, BINH)


def _judges(case: Case) -> None:
    case.does(draft("appraise"), MON)
    case.does(complete("appraise"), MON)
    case.does(judge(), MON, BINH)
    case.does(judge(stage=2), MON, LEADER)


@pytest.mark.parametrize(
    ("act", "case"),
    [
        (_looks, sent()),
        (_gives, sent()),
        (_drafts, sent()),
        (_asks, sent()),
        (_stops, sent()),
        (_judges, Case().opened()),
    ],
)
def test_what_was_opened_or_acted_on_is_not_pulled_back(act: Any, case: Case) -> None:
    """Whatever the receiver did first, the sender is told so, and by whom."""
    act(case)
    outcome = case.asked(pull("review"), MON)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "ALREADY_OPENED"
    assert outcome.en.startswith("The step “review” was opened or acted on by binh;")


def test_only_the_sender_pulls_back_and_only_once() -> None:
    """Another officer, and a second click, are refused; so is one whose case was never sent."""
    case = sent()
    case.when(pull("review"), MON, BINH).then("NOT_SENT_BY_YOU")
    case.does(pull("review"), MON)
    case.when(pull("review"), MON).then("NOT_CURRENT_STEP")
    case.when(pull("appraise"), MON).then("NOT_SENT_BY_YOU")
    Case().opened().when(pull("appraise"), MON).then("NOT_SENT_BY_YOU")


def test_whoever_comes_second_is_told_where_the_case_is_and_by_whom() -> None:
    """Two officers at once: the words of the refusal name the step, the unit and the other."""
    case = Case().opened()
    case.does(complete("appraise"), MON, BINH)
    outcome = case.asked(complete("appraise"), MON, AN)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "NOT_CURRENT_STEP"
    for word in ("review", "H22.12", "binh"):
        assert word in outcome.en
        assert word in outcome.vi


def test_a_step_is_taken_from_an_officer_with_a_reason_only() -> None:
    """Its holder gives it away freely; somebody else says why, and the event keeps both."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    case.when(assign("appraise", "binh"), MON, BINH).then("REASSIGN_REASON")
    request = assign("appraise", "binh")
    request.reason = "An nghỉ ốm"
    (given,) = case.does(request, MON, BINH)
    assert (given.previous, given.assignee, given.reason) == ("an", "binh", "An nghỉ ốm")
    case.does(assign("appraise", "an"), MON, BINH)


# -- substitutes ----------------------------------------------------------------------------------


def absent(begins: str = "", ends: str = TUE) -> pb.DelegateWorkRequest:
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.CopyFrom(to_timestamp(at(ends)))
    if begins:
        request.begins_at.CopyFrom(to_timestamp(at(begins)))
    return request


def test_a_substitute_acts_from_and_until_the_instants_said() -> None:
    """Before and after, the step is the officer's alone; the officer may act all the time."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    case.does(absent("2021-08-09 14:00", "2021-08-09 16:00"), MON)
    case.when(complete("appraise"), "2021-08-09 13:59", BINH).then("NOT_ASSIGNED_TO_YOU")
    case.when(complete("appraise"), "2021-08-09 16:00", BINH).then("NOT_ASSIGNED_TO_YOU")
    assert isinstance(case.asked(complete("appraise"), "2021-08-09 15:00", AN), list)
    case.does(complete("appraise"), "2021-08-09 14:00", BINH)


def test_the_same_delegation_is_written_once() -> None:
    """A double click changes nothing, and a case that is not the officer's is left alone."""
    case = Case().opened()
    assert case.does(absent(), MON) == []
    case.does(assign("appraise", "an"), MON)
    assert len(case.does(absent(), MON)) == 1
    assert case.does(absent(), MON) == []


def test_a_delegation_has_an_end_in_the_future_and_another_person() -> None:
    """An empty period and a substitute of oneself are refused."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    case.when(absent(ends="2021-08-09 09:00"), MON).then("PERIOD_EMPTY")
    case.when(absent("2021-08-10 10:00"), MON).then("PERIOD_EMPTY")
    own = absent()
    own.substitute = "an"
    case.when(own, MON).then("OWN_SUBSTITUTE")


def test_cooperating_officers_help_but_complete_nothing() -> None:
    """They draft and ask; steps stay with the unit that has them; a second click is refused."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    joins = pb.SetParticipantRequest(
        officer="la", participation=Participation.PARTICIPATION_COOPERATES
    )
    case.when(draft("appraise"), MON, STRANGER).then("NOT_YOUR_UNIT")
    case.does(joins, MON)
    case.when(joins, MON).then("NOTHING_CHANGES")
    case.does(draft("appraise"), MON, STRANGER)
    case.does(ask("appraise"), MON, STRANGER)
    case.when(complete("appraise"), MON, STRANGER).then("NOT_YOUR_UNIT")
    case.does(pb.SetParticipantRequest(officer="la"), MON)
    case.when(draft("appraise", OTHER), MON, STRANGER).then("NOT_YOUR_UNIT")


def test_watchers_only_watch_and_the_assignee_is_no_participant() -> None:
    """Who watches may do nothing; who does the step needs no part in it."""
    case = Case().opened()
    case.does(assign("appraise", "an"), MON)
    watches = pb.SetParticipantRequest(
        officer="la", participation=Participation.PARTICIPATION_WATCHES
    )
    case.does(watches, MON)
    case.when(draft("appraise"), MON, STRANGER).then("NOT_YOUR_UNIT")
    case.when(pb.SetParticipantRequest(officer="an"), MON).then("IS_ASSIGNEE")


# -- opinions -------------------------------------------------------------------------------------


def test_a_question_goes_to_a_unit_with_its_own_limit() -> None:
    """ConsultationRequested counts, and says until when in working time."""
    case = Case().opened()
    (asked,) = case.does(ask("appraise", limit="1wd"), MON)
    assert (asked.number, asked.unit, asked.step) == (1, "H22.02", "appraise")
    assert clock(to_us(asked.due_at)) == "2021-08-10 10:00"
    case.when(ask("appraise", limit="soon"), MON).then("TIME_LIMIT_FORM")


def test_the_same_open_question_is_asked_once() -> None:
    """A double click is refused; after the answer the question may be put again."""
    case = Case().opened()
    case.does(ask("appraise"), MON)
    case.when(ask("appraise"), MON).then("ALREADY_ASKED")
    case.does(answer(), MON, PLANNER)
    case.does(ask("appraise"), MON)


def test_a_step_waits_for_an_opinion_when_that_was_said() -> None:
    """It is neither completed nor resolved before; others go on."""
    case = Case().opened()
    case.does(ask("appraise"), MON)
    case.does(complete("appraise"), MON)
    waiting = Case(process="same-day").opened()
    waiting.does(ask("handle", waits=True), MON)
    waiting.when(resolve("handle"), MON).then("CONSULTATION_OPEN")
    waiting.does(answer(), MON, PLANNER)
    waiting.does(resolve("handle"), MON)
    stuck = Case().opened()
    stuck.does(ask("appraise", waits=True), MON)
    stuck.when(complete("appraise"), MON).then("CONSULTATION_OPEN")


def test_only_the_unit_that_was_asked_answers_and_once() -> None:
    """Another unit, an unknown number, and a second answer are refused."""
    case = Case().opened()
    case.does(ask("appraise"), MON)
    case.when(answer(), MON, STRANGER).then("NOT_YOUR_UNIT")
    case.when(answer(2), MON, PLANNER).then("NO_SUCH_CONSULTATION")
    case.does(answer(), MON, PLANNER)
    case.when(answer(), MON, PLANNER).then("ALREADY_ANSWERED")


def test_a_process_asks_all_its_units_at_once_where_its_conditions_hold() -> None:
    """Both are asked with the opening; through a channel that the condition leaves out, one is."""
    case = consulted()
    asked = [payload_of(e, ConsultationRequested) for e in case.events[1:]]
    assert [(a.number, a.name, a.unit, a.waits) for a in asked] == [
        (1, "planning", "H22.02", True),
        (2, "environment", "H22.05", False),
    ]
    assert [payload_of(e, ConsultationRequested).name for e in consulted(4).events[1:]] == [
        "planning"
    ]


def test_what_was_asked_by_the_process_is_asked_once_a_case() -> None:
    """A step that is entered again does not ask again."""
    case = consulted()
    case.does(answer(), MON, PLANNER)
    case.does(proposal("reject", "5"), MON)
    back = case.does(send_back("approve", "appraise"), MON)
    assert [type(m).__name__ for m in back] == ["StepSentBack"]


@pytest.mark.parametrize(
    ("outcome", "area", "target"),
    [("grant", "1000", "survey"), ("grant", "999", "approve"), ("reject", "5000", "approve")],
)
def test_the_way_follows_from_what_was_stated(outcome: str, area: str, target: str) -> None:
    """With one way open none has to be named; the event names it and keeps what was stated."""
    case = consulted()
    case.does(answer(), MON, PLANNER)
    done = case.does(proposal(outcome, area), MON)[0]
    assert done.next.step == target
    assert {f.name: f.value for f in done.facts} == {"outcome": outcome, "area": area}
    assert done.transition == ("survey" if target == "survey" else "to-approve")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (complete("appraise"), "FACT_NEEDED"),
        (proposal("perhaps", "5"), "FACT_NOT_ALLOWED"),
        (proposal("grant", "large"), "FACT_NOT_ALLOWED"),
        (proposal("grant", "5", "survey"), "TRANSITION_NOT_OPEN"),
        (proposal("grant", "5", "nowhere"), "TRANSITION_NOT_OPEN"),
        (proposal("grant", "5"), "CONSULTATION_OPEN"),
    ],
)
def test_a_way_that_is_not_open_is_refused(request_: Message, code: str) -> None:
    """Missing, unknown and wrong facts, and ways whose condition does not hold."""
    case = consulted()
    if code != "CONSULTATION_OPEN":
        case.does(answer(), MON, PLANNER)
    case.when(request_, MON).then(code)


FORKED = """process: forked
version: 1
title: {vi: Rẽ, en: Forked}
steps:
  - name: appraise
    title: {vi: Một, en: One}
    unit: dossier
    role: specialist
    national_state: 4
    transitions:
      - {name: left, title: {vi: Trái, en: Left}, to: a}
      - {name: right, title: {vi: Phải, en: Right}, to: a}
      - {name: far, title: {vi: Xa, en: Far}, to: b}
  - {name: a, title: {vi: A, en: A}, unit: dossier, role: head, national_state: 4, resolves: true}
  - {name: b, title: {vi: B, en: B}, unit: dossier, role: head, national_state: 4, resolves: true}
"""


def test_with_several_ways_open_one_has_to_be_named() -> None:
    """By its name, or by its step where only one way leads there."""
    state = replace(Case().opened().state, step="appraise")
    context = replace(routing_cases.context(MON), process=process_of(FORKED))

    def outcome(**fields: Any) -> Any:
        return decide(state, pb.CompleteStepRequest(step="appraise", **fields), context)

    assert outcome().code == "TRANSITION_NEEDED"
    assert outcome(next="a").code == "TRANSITION_NEEDED"
    assert outcome(next="b")[0].transition == "far"
    assert outcome(transition="right")[0].next.step == "a"
    assert outcome(transition="right", next="b").code == "TRANSITION_NOT_OPEN"


# -- papers ---------------------------------------------------------------------------------------

HEAD = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="truong", unit="H22.12")


def judged(stage: DocumentStage, number: int = 1, letter: str = "a", **more: Any) -> Any:
    return judge(number, stage, letter, **more)


class Roles(Case):
    """A case in which officers have the roles that their ids say, and may do the current step."""

    names = {"truong": "head", "sep": "leader"}  # noqa: RUF012 - fixed for this class

    def context(self, when: str, actor: Actor = AN) -> Any:
        """Return the context with one role."""
        role = self.names.get(actor.id, "specialist")
        context = super().context(when, actor)
        step = context.process.step(self.state.step).role if self.state.step else role
        return replace(context, roles=frozenset({role, step}))


def drafted() -> Case:
    case = Roles().opened()
    case.does(draft("appraise"), MON)
    return case


def test_a_paper_is_drafted_reviewed_and_signed_by_three() -> None:
    """The events count the drafts; a signed one has its number."""
    case = drafted()
    case.does(judged(REVIEW), MON, HEAD)
    (signed,) = case.does(judged(SIGNATURE, document_number="12/GP"), MON, LEADER)
    assert (signed.number, signed.approved, signed.document_number) == (1, True, "12/GP")
    paper = case.state.work.latest(RESULT)
    assert paper is not None
    assert (paper.drafted_by, paper.reviewed_by, paper.signed_by) == ("an", "truong", "sep")


@pytest.mark.parametrize(
    ("request_", "actor", "code"),
    [
        (judged(REVIEW), AN, "OWN_DRAFT"),
        (judged(SIGNATURE), AN, "OWN_DRAFT"),
        (judged(REVIEW), BINH, "NOT_YOUR_ROLE"),
        (judged(SIGNATURE), LEADER, "REVIEW_FIRST"),
        (judged(REVIEW, number=2), HEAD, "NO_SUCH_DRAFT"),
        (judged(REVIEW, letter="b"), HEAD, "DRAFT_CHANGED"),
        (judged(REVIEW), STRANGER, "NOT_YOUR_UNIT"),
        (judged(REVIEW, approved=False), HEAD, "REASON_NEEDED"),
    ],
)
def test_a_draft_is_judged_by_whom_and_when_the_process_says(
    request_: Message, actor: Actor, code: str
) -> None:
    """Nobody judges an own draft, the wrong role and stage are refused, so is an unseen content."""
    drafted().when(request_, MON, actor).then(code)


def test_nobody_signs_an_own_draft_whatever_the_role() -> None:
    """A leader who drafts needs another leader."""
    case = Roles().opened()
    case.does(draft("appraise"), MON, LEADER)
    case.does(judged(REVIEW), MON, HEAD)
    case.when(judged(SIGNATURE), MON, LEADER).then("OWN_DRAFT")


def test_a_refused_draft_is_drafted_anew_and_an_old_one_is_judged_no_more() -> None:
    """A double click on a draft is refused; the newest draft is the one that counts."""
    case = drafted()
    case.when(draft("appraise"), MON).then("ALREADY_DRAFTED")
    case.does(judged(REVIEW, approved=False, reason="sai số liệu"), MON, HEAD)
    case.when(judged(REVIEW), MON, HEAD).then("DRAFT_ENDED")
    case.does(draft("appraise"), MON)
    case.when(judged(REVIEW), MON, HEAD).then("NO_SUCH_DRAFT")
    case.does(judged(REVIEW, 2), MON, HEAD)
    case.when(judged(REVIEW, 2), MON, HEAD).then("NO_REVIEW_NEEDED")


def test_a_process_that_wants_a_signed_result_gives_none_without() -> None:
    """ResolveCase is refused until the latest draft of the result is signed."""
    case = Roles(process=CONSULTED).opened()
    case.does(answer(), MON, PLANNER)
    case.does(proposal("reject", "5"), MON)
    case.does(complete("approve"), MON)
    case.when(resolve("seal"), MON).then("DOCUMENT_NOT_SIGNED")
    case.does(draft("seal"), MON)
    case.does(judged(REVIEW), MON, HEAD)
    case.when(resolve("seal"), MON).then("DOCUMENT_NOT_SIGNED")
    case.does(judged(SIGNATURE), MON, LEADER)
    case.does(draft("seal", OTHER), MON)
    case.when(resolve("seal"), MON).then("DOCUMENT_NOT_SIGNED")
    case.does(judged(REVIEW, 2, OTHER), MON, HEAD)
    case.does(judged(SIGNATURE, 2, OTHER), MON, LEADER)
    case.does(resolve("seal"), MON)


# -- corrections and moves ------------------------------------------------------------------------


def test_a_correction_is_a_further_event_with_a_reason() -> None:
    """Only what differs is said; the same correction again is refused."""
    case = Case(process="same-day").opened()
    wrong = pb.CorrectCaseRequest(result_number="13/GP", reason="gõ nhầm")
    case.when(wrong, MON).then("CASE_NOT_RESOLVED")
    case.does(resolve("handle"), MON)
    case.when(pb.CorrectCaseRequest(result_number="13/GP"), MON).then("REASON_NEEDED")
    case.when(wrong, MON, STRANGER).then("NOT_YOUR_UNIT")
    (payload,) = case.does(wrong, MON)
    assert (payload.result_number, payload.explanation) == ("13/GP", "")
    case.when(wrong, MON).then("NOTHING_TO_CORRECT")


def moved(state_step: str, text: str, actor: Actor = OPERATOR, reason: str = "quy định mới") -> Any:
    state = replace(Case().opened().state, step=state_step)
    context = replace(routing_cases.context(MON, actor), process=process_of(text))
    request = pb.MoveCaseRequest(process_version=1, reason=reason)
    return decide(state, request, context)


def test_a_case_moves_to_a_version_that_has_its_step_and_keeps_its_due_dates() -> None:
    """CaseMoved names both versions; the step's due date is the one it had, and so is the time to
    begin on it.
    """
    (payload,) = moved("appraise", FORKED)
    assert isinstance(payload, CaseMoved)
    assert (payload.from_process, payload.from_version) == ("standard", 1)
    assert (payload.process, payload.process_version) == ("forked", 1)
    assert clock(to_us(payload.current.due_at)) == "2021-08-11 09:00"
    names = {field.name for field, _ in payload.current.ListFields()}
    assert not [name for name in names if name.startswith("first_action")]
    case = Case().opened()
    limits = (case.state.step_limit, case.state.first_action)
    case._keep([payload], at(MON))
    assert (case.state.step_limit, case.state.first_action) == limits
    assert (case.state.process, case.state.version) == ("forked", 1)


def test_a_move_asks_what_the_new_version_wants_asked_and_was_not_asked_yet() -> None:
    """A question and a child of the new version's step; a question that was asked already, and one
    that only the old version has, go on as they are.
    """
    asked = """    consultations:
      - {name: planning, title: {vi: Quy, en: Plan}, unit: H22.02, limit: 2wd}
      - {name: fire, title: {vi: Cháy, en: Fire}, unit: H22.03}
      - {name: never, title: {vi: Không, en: No}, unit: H22.03, when: {channel: [internal]}}
    children: [{name: other, title: {vi: Con, en: Child}, procedure: 1.004237}]
"""
    target = process_of(FORKED.replace("    transitions:\n", f"{asked}    transitions:\n", 1))
    case = Case(process="consulted").opened()
    before = case.state.work.asked
    command = pb.MoveCaseRequest(process="forked", process_version=1, reason="sửa quy trình")
    payloads = decide(case.state, command, replace(case.context(MON, OPERATOR), process=target))
    over, question, child = case._keep(payloads, at(MON), OPERATOR)
    assert isinstance(over, CaseMoved)
    assert (question.name, question.number, question.step) == ("fire", len(before) + 1, "appraise")
    assert (child.name, child.number, child.waits) == ("other", 1, True)
    assert case.state.work.asked[: len(before)] == before
    assert [each.open for each in case.state.work.asked] == [True] * (len(before) + 1)
    again = pb.MoveCaseRequest(process="forked", process_version=2, reason="lần nữa")
    context = replace(case.context(MON, OPERATOR), process=replace(target, version=2))
    moved = decided(case.state, again, context)
    assert [type(m).__name__ for m in moved] == ["CaseMoved"]


def test_a_case_stays_where_the_target_has_no_such_step() -> None:
    """The step, the reason and the target are checked."""
    assert moved("seal", FORKED).code == "STEP_NOT_IN_VERSION"
    assert moved("appraise", FORKED, reason=" ").code == "REASON_NEEDED"
    same = pb.MoveCaseRequest(process_version=1, reason="x")
    Case().opened().when(same, MON, OPERATOR).then("SAME_VERSION")


# -- timers ---------------------------------------------------------------------------------------


def test_a_way_is_taken_by_itself_when_its_time_has_come() -> None:
    """Not before; then once, after what is to be said of the due dates."""
    case = approving()
    assert due(case.state, at("2021-08-12 09:59")) == ""
    assert due(case.state, at("2021-08-12 10:00")) == "recall"
    context = case.context("2021-08-12 10:00", SYSTEM)
    *payload, back = take(case.state, "recall", context)
    # Its step, and what the environment office was asked on Monday.
    assert [type(m).__name__ for m in payload] == ["DeadlineMissed", "DeadlineMissed"]
    assert isinstance(back, StepSentBack)
    assert (back.next.step, back.transition) == ("appraise", "recall")
    case._keep([*payload, back], context.at)
    assert due(case.state, at("2022-08-12 10:00")) == ""


TIMED = """process: timed
version: 1
title: {vi: Hẹn, en: Timed}
facts:
  - {name: size, title: {vi: Cỡ, en: Size}, values: [big, small]}
steps:
  - name: appraise
    title: {vi: Một, en: One}
    unit: dossier
    role: specialist
    national_state: 4
    states: [size]
    transitions:
      - {name: on, title: {vi: Đi, en: On}, to: wait}
  - name: wait
    title: {vi: Hai, en: Two}
    unit: dossier
    role: specialist
    national_state: 4
    states: [size]
    consultations: [{name: planning, title: {vi: Quy, en: Plan}, unit: H22.02}]
    children: [{name: other, title: {vi: Con, en: Child}, procedure: 1.004237}]
    timers:
      - {after: 1wd, take: on}
      - {after: 2wd, take: again}
    transitions:
      - {name: on, title: {vi: Đi, en: On}, to: end}
      - {name: again, title: {vi: Lại, en: Again}, to: appraise, back: true}
  - {name: end, title: {vi: B, en: B}, unit: dossier, role: head, national_state: 4, resolves: true}
"""


class Timed(Case):
    """A case of that process."""

    def context(self, when: str, actor: Actor = AN) -> Any:
        """Return the context with that process."""
        return replace(super().context(when, actor), process=process_of(TIMED))


def decided(state: State, command: Message, context: DecisionContext) -> list[Message]:
    """Return what is decided, which is no refusal."""
    found = decide(state, command, context)
    assert isinstance(found, list)
    return found


def waiting() -> Timed:
    """A case whose step waits for an answer and for a child, and has timers both ways."""
    case = Timed(process="standard").opened()
    case.does(
        pb.CompleteStepRequest(step="appraise", facts=[CaseFact(name="size", value="big")]), MON
    )
    return case


def test_a_timer_completes_no_step_before_what_it_waits_for_has_come() -> None:
    """It is due on Tuesday and held up; it is taken when the last of both has come, not before."""
    case = waiting()
    assert due(case.state, at("2021-08-10 10:01")) == ""
    case.does(answer(), "2021-08-10 11:00", PLANNER)
    assert due(case.state, at("2021-08-10 11:01")) == ""
    case._keep([ChildEnded(number=1, ending="resolved")], at("2021-08-10 14:00"))
    assert due(case.state, at("2021-08-10 14:00")) == "on"
    moved = take(case.state, "on", case.context("2021-08-10 14:00", SYSTEM))
    completed = moved[-1]
    assert isinstance(completed, StepCompleted)
    assert completed.next.step == "end"
    early = waiting()
    early.does(answer(), MON, PLANNER)
    early._keep([ChildEnded(number=1, ending="withdrawn")], at(MON))
    assert due(early.state, at("2021-08-10 09:59")) == ""
    assert due(early.state, at("2021-08-10 10:00")) == "on"


def test_a_timer_that_leads_back_waits_for_nothing() -> None:
    """As an officer may send a case back while others are still asked."""
    case = waiting()
    assert due(case.state, at("2021-08-11 09:59")) == ""
    assert due(case.state, at("2021-08-11 10:00")) == "again"


def test_a_timer_is_not_set_where_only_an_officer_can_state_what_the_way_asks_for() -> None:
    """A case that was moved to such a version has stated nothing; a way back asks for nothing."""
    state = replace(Case().opened().state, step="wait", done=("appraise",))
    command = pb.MoveCaseRequest(process="timed", process_version=1, reason="sửa")
    context = replace(routing_cases.context(MON, OPERATOR), process=process_of(TIMED))
    over, *_ = decided(state, command, context)
    assert isinstance(over, CaseMoved)
    assert [timer.transition for timer in over.current.timers] == ["again"]
    known = replace(state, work=replace(state.work, facts=(("size", "big"),)))
    over, *_ = decided(known, command, context)
    assert isinstance(over, CaseMoved)
    assert [(timer.transition, timer.back) for timer in over.current.timers] == [
        ("on", False),
        ("again", True),
    ]


def test_a_step_to_which_a_case_is_sent_back_asks_what_it_asks_now() -> None:
    """A question whose condition holds by what was stated meanwhile; each once."""
    asked = (
        "    consultations: [{name: fire, title: {vi: Cháy, en: Fire}, unit: H22.03, waits: false, "
    )
    asked += "when: {stated: {size: big}}}]\n    states: [size]"
    target = process_of(TIMED.replace("    states: [size]", asked, 1))
    case = waiting()
    assert [each.name for each in case.state.work.asked] == ["planning"]
    context = replace(case.context(MON), process=target)
    back, question = decided(case.state, send_back("wait"), context)
    assert isinstance(back, StepSentBack)
    assert isinstance(question, ConsultationRequested)
    assert (question.name, question.step, question.number) == ("fire", "appraise", 2)
    case._keep([back, question], at(MON))
    case._keep(decide(case.state, complete("appraise"), context), at(MON))
    again = decided(case.state, send_back("wait"), context)
    assert [type(m).__name__ for m in again] == ["StepSentBack"]


def test_a_timer_moves_with_the_clock_that_stood_still() -> None:
    """Nothing is taken while papers are awaited; after that the remainder runs."""
    case = approving()
    case.does(supplement("approve"), TUE)
    assert due(case.state, at("2021-09-12 10:00")) == ""
    case.does(papers(1), "2021-08-17 10:00", SYSTEM)
    assert due(case.state, at("2021-08-19 09:59")) == ""
    assert due(case.state, at("2021-08-19 10:00")) == "recall"


def test_the_national_state_of_a_step_is_in_its_event() -> None:
    """ "Five on the spot" begins as accepted and goes on as in processing."""
    case = Case(process="on-the-spot").opened()
    assert payload_of(case.events[0], CaseOpened).current.national_state == 2
    (done,) = case.does(complete("receive"), "2021-08-09 09:20")
    assert done.next.national_state == 4


def test_one_person_does_all_steps_on_the_spot_each_with_its_time_and_limit() -> None:
    """Receive, appraise, approve and seal by one officer; each completion has its own instant, and
    each step a limit of half an hour, or an hour, from when it became current.
    """
    case = Case(process="on-the-spot").opened()
    dues = [clock(to_us(payload_of(case.events[0], CaseOpened).current.due_at))]
    for minute, step in ((10, "receive"), (30, "appraise"), (40, "approve")):
        (done,) = case.does(complete(step), f"2021-08-09 09:{minute}")
        dues.append(clock(to_us(done.next.due_at)))
    case.does(resolve("seal"), "2021-08-09 09:45")
    assert len({to_us(event.occurred_at) for event in case.events}) == 5
    assert [due[-5:] for due in dues] == ["09:30", "10:10", "10:00", "10:10"]


def test_two_who_ask_for_a_substitute_from_now_on_are_served_in_either_order() -> None:
    """The one that was asked a moment earlier and comes second finds it done; an hour earlier is
    another beginning.
    """
    known = Delegation("an", "binh", at("2021-08-09 10:00"), at("2021-08-20 17:00"))
    assert known.holds(replace(known, begins_at=known.begins_at - 5))
    assert not known.holds(replace(known, begins_at=at("2021-08-09 09:00")))
    assert not known.holds(replace(known, substitute="chi"))
