"""Every command of routing: what it brings, and every ground on which it is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ResultChannel
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CaseResolved,
    CaseWithdrawn,
    StepAssigned,
    StepCompleted,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.base.instants import to_us
from office.process.model.process import Process, Step, Title, Transition
from services.routing.domain.decider import decide
from services.routing.domain.refusals.case import TEXTS
from tests.support import routing_cases
from tests.support.events import payload_of
from tests.support.office_files import standard_processes
from tests.support.routing_cases import (
    AN,
    BINH,
    IMPORTER,
    LEADER,
    REJECTED,
    STRANGER,
    SYSTEM,
    Case,
    assign,
    clock,
    complete,
    keep,
    let_go,
    papers,
    resolve,
    send_back,
    supplement,
    withdrawal,
)

MON = "2021-08-09 10:00"


def running() -> Case:
    return Case().opened()


def at_seal() -> Case:
    return running().completed(MON, "appraise", "review", "approve")


def suspended() -> Case:
    case = running()
    case.does(supplement("appraise"), MON)
    return case


def resolved() -> Case:
    case = at_seal()
    case.does(resolve("seal"), MON)
    return case


def withdrawn() -> Case:
    case = running()
    case.does(withdrawal(), MON, SYSTEM)
    case.does(let_go(), MON)
    return case


def test_an_accepted_dossier_opens_a_case_at_the_first_step() -> None:
    """CaseOpened carries the promise, the first step, and when each is due and warned of."""
    case = Case().opened("2021-08-09 09:00")
    opened = payload_of(case.events[0], CaseOpened)
    assert (opened.process, opened.process_version, opened.imported) == ("standard", 1, False)
    assert clock(to_us(opened.due_at)) == "2021-08-16 09:00"
    assert clock(to_us(opened.warn_at)) == "2021-08-13 15:00"
    current = opened.current
    assert (current.step, current.unit, current.role) == ("appraise", "H22.12", "specialist")
    assert clock(to_us(current.due_at)) == "2021-08-11 09:00"
    assert clock(to_us(current.warn_at)) == "2021-08-10 15:00"


def test_a_dossier_without_a_promised_date_has_no_due_date() -> None:
    """A time limit of none leaves the dossier's due date and warning empty."""
    opened = payload_of(Case(time_limit="none").opened().events[0], CaseOpened)
    assert not opened.HasField("due_at")
    assert not opened.HasField("warn_at")


def test_a_case_is_opened_once() -> None:
    """A second acceptance changes nothing."""
    case = running()
    case.opened("2021-08-10 09:00")
    assert len(case.events) == 1


def test_a_short_limit_is_warned_of_when_three_quarters_are_used() -> None:
    """A lead of 4wh is no warning for a step of 4wh: 3 hours after its start is."""
    case = running().completed("2021-08-10 07:00", "appraise")
    assert (
        clock(to_us(payload_of(case.events[-1], StepCompleted).next.warn_at)) == "2021-08-10 10:00"
    )


def test_a_step_is_given_to_an_officer_and_then_done_by_nobody_else() -> None:
    """An assigned step is completed by its assignee alone; the next step is free again."""
    case = running()
    assert case.does(assign("appraise", "binh"), MON) == [
        StepAssigned(step="appraise", assignee="binh")
    ]
    assert case.refused(complete("appraise"), MON) == "NOT_ASSIGNED_TO_YOU"
    case.does(complete("appraise"), MON, BINH)
    assert case.state.assignee == ""
    case.does(complete("review"), MON)


def test_a_suspended_step_can_still_be_given_to_another_officer() -> None:
    """Assigning needs no running clock."""
    case = suspended()
    case.does(assign("appraise", "binh"), MON)
    assert case.state.assignee == "binh"


def test_completing_makes_the_next_step_current_with_its_own_limit() -> None:
    """StepCompleted names the step done and the one that follows, due from now."""
    case = running()
    (done,) = case.does(complete("appraise"), "2021-08-09 10:30")
    assert (done.step, done.note) == ("appraise", "xong")
    assert (done.next.step, done.next.role) == ("review", "head")
    assert clock(to_us(done.next.due_at)) == "2021-08-09 16:30"
    assert case.state.done == ("appraise",)


def test_the_unit_above_may_do_a_step() -> None:
    """An officer of a unit above the step's does its work; one of another unit does not."""
    case = running()
    assert case.refused(complete("appraise"), MON, STRANGER) == "NOT_YOUR_UNIT"
    case.does(complete("appraise"), MON, LEADER)


def test_two_levels_hand_the_case_to_the_unit_above() -> None:
    """In the two-level process the steps after submission are for the parent unit."""
    case = Case(process="two-level").opened()
    case.completed(MON, "appraise", "submit")
    assert case.state.unit == "H22"
    assert case.refused(complete("review"), MON, AN) == "NOT_YOUR_UNIT"
    case.does(complete("review"), MON, LEADER)


def test_sending_back_makes_an_earlier_step_current_with_a_fresh_limit() -> None:
    """StepSentBack names both steps and the reason; what was undone can't be sent back to."""
    case = running().completed(MON, "appraise", "review")
    (back,) = case.does(send_back("approve", "appraise"), "2021-08-09 15:00")
    assert (back.step, back.next.step, back.reason) == ("approve", "appraise", "thiếu chữ ký")
    assert clock(to_us(back.next.due_at)) == "2021-08-11 15:00"
    assert case.state.done == ()
    assert case.refused(send_back("appraise"), MON) == "NO_EARLIER_STEP"


def test_without_a_target_the_case_goes_back_to_the_step_done_last() -> None:
    """An empty to_step means the step before."""
    case = running().completed(MON, "appraise", "review")
    assert case.does(send_back("approve"), MON)[0].next.step == "review"


def test_a_supplement_stops_the_clock_and_gives_the_citizen_the_process_s_period() -> None:
    """SupplementRequested counts the rounds and says until when; 30 calendar days by default."""
    case = running()
    (asked,) = case.does(supplement("appraise"), MON)
    assert (asked.round, asked.reason, asked.parts[0].code) == (1, "thiếu bản sao", "cccd")
    assert clock(to_us(asked.answer_due_at)) == "2021-09-08 10:00"
    assert case.state.suspended_at == routing_cases.at(MON)


def test_a_supplement_s_time_to_answer_can_be_said() -> None:
    """answer_due_at of the request is taken as it is."""
    (asked,) = running().does(supplement("appraise", "2021-08-20 17:00"), MON)
    assert clock(to_us(asked.answer_due_at)) == "2021-08-20 17:00"


def test_papers_are_asked_for_three_times_at_most() -> None:
    """The fourth request is refused with the rule."""
    case = running()
    for number in (1, 2, 3):
        case.does(supplement("appraise"), MON)
        case.does(papers(number), MON, SYSTEM)
    assert case.refused(supplement("appraise"), MON) == "SUPPLEMENT_LIMIT"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_papers_for_another_round_do_not_start_the_clock(number: int) -> None:
    """Only the answer to the latest request resumes the case."""
    case = suspended()
    case.does(papers(1), MON, SYSTEM)
    case.does(supplement("appraise"), MON)
    assert case.does(papers(number), MON, SYSTEM) == []


@pytest.mark.parametrize("given", [running, resolved, withdrawn])
def test_papers_that_nobody_waits_for_change_nothing(given: Any) -> None:
    """A case that is not suspended does not resume."""
    assert given().does(papers(), MON, SYSTEM) == []


def test_resolving_ends_the_case_with_the_channel_of_the_submission() -> None:
    """CaseResolved repeats how the result shall reach the citizen."""
    (ended,) = at_seal().does(resolve("seal"), MON)
    assert ended == CaseResolved(
        result=routing_cases.GRANTED,
        result_number="12/GP",
        result_channel=ResultChannel.RESULT_CHANNEL_POST,
    )


def test_a_late_case_is_resolved_with_an_explanation_only() -> None:
    """After the due date the missed dates come first, then the explained result."""
    case = at_seal()
    late = "2021-08-16 09:01"
    assert case.refused(resolve("seal"), late) == "EXPLANATION_REQUIRED"
    assert case.refused(resolve("seal", why="  "), late) == "EXPLANATION_REQUIRED"
    *missed, ended = case.does(resolve("seal", why="mất điện"), late)
    assert [type(m) for m in missed] == [DeadlineMissed, DeadlineMissed]
    assert ended.explanation == "mất điện"


def test_a_case_resolved_at_its_due_instant_is_in_time() -> None:
    """The due date itself belongs to the time allowed."""
    case = at_seal()
    case.watched("2021-08-16 09:00")
    assert isinstance(case.does(resolve("seal"), "2021-08-16 09:00")[-1], CaseResolved)


@pytest.mark.parametrize("given", [running, suspended])
def test_a_withdrawal_waits_for_an_officer_who_approves(given: Any) -> None:
    """The citizen's wish changes nothing by itself; approved, it ends the case, whether
    the clock runs or not. A second click is told so.
    """
    case = given()
    before = case.state
    assert case.refused(let_go(), MON) == "NO_WITHDRAWAL_ASKED"
    assert case.does(withdrawal(), MON, SYSTEM) == []
    assert case.state == before
    assert case.refused(let_go(2), MON) == "NO_WITHDRAWAL_ASKED"
    assert case.does(let_go(), MON) == [CaseWithdrawn()]
    assert case.refused(let_go(), MON) == "CASE_WITHDRAWN"
    assert case.events[-1].actor.id == "an"


def test_a_declined_withdrawal_leaves_the_case_and_may_be_asked_again() -> None:
    """Declining takes a reason; the next wish has a number of its own."""
    case = running()
    case.does(withdrawal(), MON, SYSTEM)
    assert case.refused(keep(reason=" "), MON) == "REASON_NEEDED"
    (payload,) = case.does(keep(), MON)
    assert payload == WithdrawalDeclined(reason_code="declined", reason="đã ký kết quả")
    assert case.refused(let_go(), MON) == "NO_WITHDRAWAL_ASKED"
    case.does(complete("appraise"), MON)
    case.does(withdrawal(), MON, SYSTEM)
    assert case.refused(let_go(1), MON) == "NO_WITHDRAWAL_ASKED"
    case.does(let_go(2), MON)


def test_no_result_is_given_over_a_wish_that_nobody_has_answered() -> None:
    """The clock runs on, and officers work on, meanwhile."""
    case = running()
    case.does(withdrawal(), MON, SYSTEM)
    case.completed(MON, "appraise", "review", "approve")
    assert case.refused(resolve("seal"), MON) == "WITHDRAWAL_OPEN"
    assert [type(payload) for payload in case.watched("2021-08-16 09:00", 1)][-1] is DeadlineMissed
    late = "2021-08-16 09:01"
    case.does(keep(), late)
    case.does(resolve("seal", why="chờ công dân"), late)


def test_another_system_s_withdrawal_was_decided_there() -> None:
    """A wish within a history that is brought in ends the case; one after it waits, as any."""
    case = Case(process="imported", imported=True).opened()
    here = case.copy()
    assert case.does(withdrawal(), MON, SYSTEM) == [CaseWithdrawn()]
    here.does(pb.CompleteImportRequest(), MON, IMPORTER)
    assert here.does(withdrawal(), MON, SYSTEM) == []


@pytest.mark.parametrize(("given", "ground"), [(resolved, "resolved"), (withdrawn, "withdrawn")])
def test_a_withdrawal_after_the_end_is_declined(given: Any, ground: str) -> None:
    """It comes too late, and the answer says why."""
    outcome = given().does(withdrawal(), MON, SYSTEM)
    assert outcome == [WithdrawalDeclined(reason_code=ground)]


def test_a_withdrawal_without_a_case_changes_nothing() -> None:
    """There is nothing to close."""
    assert Case().does(withdrawal(), MON, SYSTEM) == []


COMMANDS = [
    assign("appraise", "binh"),
    complete("appraise"),
    send_back("appraise"),
    supplement("appraise"),
    resolve("appraise"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Case, "CASE_NOT_OPEN"),
        (resolved, "CASE_RESOLVED"),
        (withdrawn, "CASE_WITHDRAWN"),
        (at_seal, "NOT_CURRENT_STEP"),
    ],
)
def test_commands_need_an_open_case_at_that_step(given: Any, code: str, command: Message) -> None:
    """Whoever comes too late, or looks at an old screen, is told what changed."""
    assert given().refused(command, MON) == code


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: type(c).__name__)
def test_commands_are_for_the_step_s_unit(command: Message) -> None:
    """An officer of another unit is refused, and so is one without a unit."""
    nowhere = Actor(kind=AN.kind, id="x")
    assert running().refused(command, MON, STRANGER) == "NOT_YOUR_UNIT"
    assert running().refused(command, MON, nowhere) == "NOT_YOUR_UNIT"


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda c: type(c).__name__)
def test_nothing_is_done_while_the_clock_stands_still(command: Message) -> None:
    """A suspended case waits for the citizen."""
    assert suspended().refused(command, MON) == "CASE_SUSPENDED"


@pytest.mark.parametrize(
    ("given", "command", "code"),
    [
        (at_seal, complete("seal"), "NO_NEXT_STEP"),
        (running, complete("appraise", "seal"), "NEXT_NOT_ALLOWED"),
        (running, send_back("appraise"), "NO_EARLIER_STEP"),
        (at_seal, send_back("seal", reason=" "), "REASON_REQUIRED"),
        (at_seal, send_back("seal", "appraise"), "BACK_NOT_ALLOWED"),
        (running, supplement("appraise", "2021-08-09 10:00"), "ANSWER_DUE_PAST"),
        (running, resolve("appraise"), "STEP_CANNOT_RESOLVE"),
        (at_seal, resolve("seal", REJECTED), "EXPLANATION_REQUIRED"),
        (running, pb.RecordStepRequest(activity="A"), "NOT_IMPORTED"),
        (running, pb.CompleteImportRequest(), "NOT_IMPORTED"),
    ],
)
def test_a_command_s_own_rules(given: Any, command: Message, code: str) -> None:
    """Each rule has its code."""
    assert given().refused(command, MON) == code


def test_giving_a_step_twice_to_the_same_officer_is_refused() -> None:
    """A double click says that it is done already."""
    case = running()
    case.does(assign("appraise", "binh"), MON)
    assert case.refused(assign("appraise", "binh"), MON) == "ALREADY_ASSIGNED"


def test_another_next_step_can_be_chosen_where_the_process_offers_it() -> None:
    """CompleteStep.next picks among the step's edges."""
    standard = standard_processes().latest("standard")
    title = Title("A", "A")
    ways = tuple(Transition(f"to-{to}", title, to) for to in ("b", "c"))
    first = Step("a", title, "dossier", "specialist", transitions=ways)
    ends = [Step(n, title, "dossier", "leader", resolves=True) for n in ("b", "c")]
    forked = Process(
        "forked", 1, title, (first, *ends), standard.warning, 3, standard.supplement_period
    )
    state = replace(running().state, step="a")
    context = replace(routing_cases.context(MON), process=forked)
    outcome = decide(state, complete("a", "c"), context)
    assert isinstance(outcome, list)
    assert outcome[0].next.step == "c"  # type: ignore[attr-defined]


def test_imported_history_is_kept_whenever_it_comes() -> None:
    """Steps are recorded before the case opens, while it runs, and after its end."""
    case = Case(process="imported", imported=True)
    step = pb.RecordStepRequest(
        activity="T02 Check", unit="Group 1", performer="Resource10", source_row="7"
    )
    (kept,) = case.does(step, "2010-10-11 10:00", IMPORTER)
    assert (kept.activity, kept.unit, kept.performer) == ("T02 Check", "Group 1", "Resource10")
    case.opened(MON)
    assert payload_of(case.events[-1], CaseOpened).imported
    case.does(step, MON, IMPORTER)
    case.does(pb.ResolveCaseRequest(result=routing_cases.GRANTED), "2021-08-11 10:00", IMPORTER)
    case.does(step, "2021-08-10 10:00", IMPORTER)
    (complete_,) = case.does(pb.CompleteImportRequest(), "2021-08-12 10:00", IMPORTER)
    assert complete_.steps == 3
    assert case.refused(pb.CompleteImportRequest(), MON, IMPORTER) == "HISTORY_COMPLETE"


def test_an_importer_resolves_imported_cases_only() -> None:
    """A case that is worked here is not closed by an import; an ended one not twice."""
    request = pb.ResolveCaseRequest(result=routing_cases.GRANTED)
    assert running().refused(request, MON, IMPORTER) == "NOT_IMPORTED"
    case = Case(process="imported", imported=True)
    assert case.refused(request, MON, IMPORTER) == "CASE_NOT_OPEN"
    case.opened(MON).does(request, MON, IMPORTER)
    assert case.refused(request, MON, IMPORTER) == "CASE_RESOLVED"


def test_an_imported_late_case_needs_no_explanation() -> None:
    """What happened elsewhere is reported as it was."""
    case = Case(process="imported", imported=True).opened("2010-10-11 10:00")
    late = pb.ResolveCaseRequest(result=REJECTED)
    assert case.does(late, MON, IMPORTER)[-1].explanation == ""


def test_every_refusal_has_both_languages() -> None:
    """No text is empty, and the two languages differ."""
    assert len(list(TEXTS)) > 90
    for entry in map(TEXTS.entry, TEXTS):
        assert all(entry.vi)
        assert all(entry.en)
        assert entry.vi != entry.en
