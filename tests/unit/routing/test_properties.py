"""Whatever is asked in whatever order, a case keeps its invariants."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refusal
from kernel.base.instants import HOUR, to_datetime, to_us
from kernel.eventsourcing import envelope
from office.worktime.working_time import ResumePolicy
from services.routing.domain.decider import INITIAL, State, alarms, decide, evolve
from services.routing.domain.state import CaseStatus
from tests.support import routing_cases
from tests.support.events import name_of
from tests.support.office_files import standard_processes
from tests.support.routing_cases import (
    AN,
    BINH,
    GRANTED,
    IMPORTER,
    REJECTED,
    SYSTEM,
    TZ,
    Case,
    assign,
    complete,
    papers,
    payment,
    resolve,
    send_back,
    supplement,
    withdrawal,
)

STEPS = ["appraise", "review", "approve", "seal", "submit", "handle", "history"]
_step = st.sampled_from(STEPS)
_here = st.just("")
"""Stands for the current step, so that many commands get through."""
_place = st.one_of(_here, _here, _here, _step)
_officer = st.sampled_from([AN, AN, BINH, routing_cases.LEADER, routing_cases.STRANGER])

_commands = st.one_of(
    st.tuples(st.builds(complete, _place), _officer),
    st.tuples(st.builds(complete, _place), _officer),
    st.tuples(st.builds(assign, _place, st.sampled_from(["an", "binh"])), _officer),
    st.tuples(st.builds(send_back, _place, st.one_of(_here, _step)), _officer),
    st.tuples(st.builds(supplement, _place), _officer),
    st.tuples(
        st.builds(resolve, _place, st.sampled_from([GRANTED, REJECTED]), st.just("vì")), _officer
    ),
    st.tuples(st.builds(payment, _place, st.integers(0, 1)), _officer),
    st.tuples(st.builds(routing_cases.paid, _place, st.integers(0, 1)), _officer),
    st.tuples(
        st.builds(
            routing_cases.stop,
            _place,
            st.sampled_from([routing_cases.CONSULTATION, routing_cases.STOPPED]),
        ),
        _officer,
    ),
    st.tuples(st.builds(routing_cases.go_on, _place), _officer),
    st.tuples(st.builds(routing_cases.look, _place), _officer),
    st.tuples(st.builds(routing_cases.look, _place), _officer),
    st.tuples(st.builds(routing_cases.pull, _place), _officer),
    st.tuples(st.builds(routing_cases.pull, _place), _officer),
    st.tuples(st.builds(routing_cases.ask, _place, st.booleans()), _officer),
    st.tuples(st.builds(routing_cases.answer, st.integers(1, 3)), st.just(routing_cases.PLANNER)),
    st.tuples(st.builds(routing_cases.cancel, st.integers(1, 3)), _officer),
    st.tuples(st.builds(routing_cases.draft, _place, st.sampled_from("ab")), _officer),
    st.tuples(st.builds(routing_cases.judge, st.integers(1, 3), st.integers(1, 2)), _officer),
    st.tuples(st.builds(routing_cases.takes_part, st.integers(0, 2)), _officer),
    st.tuples(st.builds(routing_cases.close, st.integers(1, 3)), _officer),
    st.tuples(st.builds(papers, st.integers(0, 4)), st.just(SYSTEM)),
    st.tuples(st.builds(withdrawal), st.just(SYSTEM)),
    st.tuples(st.builds(routing_cases.let_go, st.integers(1, 2)), _officer),
    st.tuples(st.builds(routing_cases.keep, st.integers(1, 2)), _officer),
    st.tuples(st.just(pb.RecordStepRequest(activity="A", source_row="1")), st.just(IMPORTER)),
    st.tuples(st.just(pb.CompleteImportRequest()), st.just(IMPORTER)),
    st.tuples(st.none(), st.just(SYSTEM)),
)
"""Commands, other services' events, and None for a look of the watch."""
_moves = st.lists(st.tuples(st.integers(0, 60), _commands), max_size=25)
_case = st.builds(
    lambda process, policy, limit: Case(
        process=process, policy=policy, time_limit=limit, imported=process == "imported"
    ),
    st.sampled_from([p.name for p in standard_processes().all()]),
    st.sampled_from(list(ResumePolicy)),
    st.sampled_from(["5wd", "4wh", "3cd", "none"]),
)


def play(case: Case, moves: list[Any]) -> list[tuple[State, Any, Any]]:
    """Let a case live; gives for each move the state before it, the command and the outcome."""
    case.opened("2021-08-09 09:00")
    now = routing_cases.at("2021-08-09 09:00")
    payloads = []
    for hours, (command, actor) in moves:
        now += hours * HOUR
        when = to_datetime(now, TZ).replace(tzinfo=None).isoformat()
        before = case.state
        payloads.append((before, command, _move(case, command, actor, when, before)))
    return payloads


def _move(case: Case, command: Message | None, actor: Any, when: str, before: State) -> Any:
    if command is None:
        return case.watched(when)
    command = type(command).FromString(command.SerializeToString())
    if "step" in command.DESCRIPTOR.fields_by_name and not getattr(command, "step", ""):
        command.step = before.step  # type: ignore[attr-defined]
    outcome = case.asked(command, when, actor)
    if not isinstance(outcome, Refusal):
        case.does(command, when, actor)
    return outcome


def fold(case: Case) -> State:
    state = INITIAL
    for event in case.events:
        state = evolve(state, type(event).FromString(event.SerializeToString()))
    return state


@settings(max_examples=300)
@given(_case, _moves)
def test_any_sequence_of_commands_keeps_the_invariants(case: Case, moves: list[Any]) -> None:
    """One end, one opening, a step of the process, rounds within the limit, alarms said once."""
    payloads = play(case, moves)
    kinds = [name_of(event) for event in case.events]
    process = standard_processes().latest(case.process)
    state = case.state
    assert kinds.count("CaseOpened") == 1
    ends = sum(kinds.count(end) for end in ("CaseResolved", "CaseWithdrawn", "CaseClosed"))
    assert ends - kinds.count("CaseReopened") <= 1
    assert kinds.count("HistoryImported") <= int(case.imported)
    assert state.round <= process.supplement_rounds
    assert state.step in {step.name for step in process.steps}
    assert set(state.done) <= {step.name for step in process.steps}
    assert (state.suspended_at is not None) == (state.status is CaseStatus.SUSPENDED)
    assert state.recorded == kinds.count("StepRecorded")
    for before, command, outcome in payloads:
        if (
            before.status in (CaseStatus.RESOLVED, CaseStatus.WITHDRAWN, CaseStatus.CLOSED)
            and command is not None
        ):
            accepted = [] if isinstance(outcome, Refusal) else outcome
            names = {type(message).__name__ for message in accepted}
            kept = {"StepRecorded", "HistoryImported", "WithdrawalDeclined"}
            if isinstance(command, SupplementSubmitted) and before.status is CaseStatus.CLOSED:
                kept = {"CaseReopened", "CaseResumed"}
            assert names <= kept


@settings(max_examples=200)
@given(_case, _moves)
def test_the_fold_is_deterministic_and_decides_alike(case: Case, moves: list[Any]) -> None:
    """State made again from the events' bytes is equal, and so are the decisions made on it."""
    play(case, moves)
    assert fold(case) == case.state
    context = case.context("2021-12-01 10:00")
    for command in (complete(case.state.step), withdrawal(), pb.CompleteImportRequest()):
        assert decide(fold(case), command, context) == decide(case.state, command, context)


@settings(max_examples=200)
@given(_case, _moves)
def test_each_alarm_is_said_once_for_its_due_date(case: Case, moves: list[Any]) -> None:
    """No scope, step visit and due date is warned of or missed twice; no warning follows a miss."""
    play(case, moves)
    raised: set[tuple[str, int, int, int]] = set()
    visit = 0
    for event in case.events:
        name = name_of(event)
        visit += name in ("StepCompleted", "StepSentBack", "CaseResumed")
        if name in ("DeadlineApproaching", "DeadlineMissed"):
            alarm: Any = envelope.payload_of(event)
            key = (alarm.scope, to_us(alarm.due_at), 0 if alarm.scope == 1 else visit)
            assert (name, *key) not in raised
            assert ("DeadlineMissed", *key) not in raised
            assert to_us(event.occurred_at) > 0
            if name == "DeadlineMissed":
                assert to_us(event.occurred_at) > to_us(alarm.due_at)
            raised.add((name, *key))
    later = routing_cases.at("2030-01-01 10:00")
    again = case.copy()
    again.watched("2030-01-01 10:00")
    assert alarms(again.state, later) == []
