"""Other units are asked for their opinion, several at once if need be."""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import (
    ConsultationAnswered,
    ConsultationCancelled,
    ConsultationRequested,
)

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from office.process.model.conditions import Circumstances, holds
from office.process.model.process import Process, Step, unit_of
from office.worktime import working_time
from office.worktime.deadline_basis import DeadlineBasis
from office.worktime.durations import Duration, DurationError
from services.routing.domain.collaboration_state import AskedUnit
from services.routing.domain.context import (
    Decision,
    DecisionContext,
    limit,
    of_consultation,
    set_limit,
    write_basis,
)
from services.routing.domain.guards import acts_for, has_step, may_help, open_case, within
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.child_dossiers import children_of


def request(
    state: State, command: pb.RequestConsultationRequest, context: DecisionContext
) -> Decision:
    """Ask a unit; the same open question is asked once."""
    if refused := may_help(state, command.step, context):
        return refused
    try:
        length = Duration.parse(command.time_limit or "none")
    except DurationError:
        return refusal("TIME_LIMIT_FORM", text=command.time_limit)
    for each in state.work.asked:
        if not each.open or each.answers != command.unit:
            continue
        if context.opened(each.question) == command.question:
            return refusal("ALREADY_ASKED", unit=each.answers, number=each.number)
    consultation = ConsultationRequested(
        number=len(state.work.asked) + 1,
        step=state.step,
        unit=command.unit,
        role=command.role,
        question=command.question,
        waits=command.waits,
    )
    _limit(consultation, context, length)
    return [consultation]


def beside(
    state: State, step: Step, context: DecisionContext, circumstances: Circumstances
) -> list[Message]:
    """Ask what the process wants to be asked when a step becomes current, and open what other
    agencies are to work on; each thing once a case.
    """
    before = {each.name for each in state.work.asked}
    found: list[Message] = []
    for each in step.consultations:
        if each.name in before or not holds(each.when, circumstances):
            continue
        consultation = ConsultationRequested(
            number=len(state.work.asked) + len(found) + 1,
            name=each.name,
            step=step.name,
            unit=unit_of(each.unit, context.unit),
            role=each.role,
            question=each.title.vi,
            waits=each.waits,
        )
        _limit(consultation, context, each.time_limit)
        found.append(consultation)
    return [*found, *children_of(state, step, circumstances, context.above)]


def _limit(consultation: ConsultationRequested, context: DecisionContext, length: Duration) -> None:
    due_at = working_time.due_at(context.calendar, context.at, length)
    if due_at is None:
        return
    write_basis(consultation, DeadlineBasis(context.at, str(length), context.calendar.version))
    set_limit(
        consultation,
        limit(context, of_consultation(context, consultation.unit), context.at, due_at),
    )


def answer(
    state: State, command: pb.AnswerConsultationRequest, context: DecisionContext
) -> Decision:
    """Return a unit's opinion, in the role asked; for officers of that unit or a unit above it, and
    after it was dissolved for those of its successor.
    """
    if refused := open_case(state):
        return refused
    consultation = state.work.question(command.number)
    if consultation is None:
        return refusal("NO_SUCH_CONSULTATION", number=command.number)
    if not within(consultation.answers, context.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=consultation.answers)
    if not context.has_role(consultation.role):
        return refusal("NOT_YOUR_ROLE", role=consultation.role)
    if not consultation.open:
        return _closed(consultation)
    return [
        ConsultationAnswered(
            number=consultation.number,
            opinion=command.opinion,
            answer=command.answer,
            unit=consultation.unit,
            successor_unit=consultation.successor_unit,
        )
    ]


def cancel(
    state: State, command: pb.CancelConsultationRequest, context: DecisionContext
) -> Decision:
    """Take back a question that was not answered; for who asked it, and whoever has the step now.

    What the process wants to know before its step is completed is not an officer's to take back.
    """
    if refused := open_case(state):
        return refused
    consultation = state.work.question(command.number)
    if consultation is None:
        return refusal("NO_SUCH_CONSULTATION", number=command.number)
    own = bool(consultation.asked_by) and acts_for(state, consultation.asked_by, context)
    if not own and has_step(state, state.step, context) is not None:
        by = consultation.asked_by or "-"
        return refusal("NOT_YOURS_TO_CANCEL", number=consultation.number, by=by, step=state.step)
    if not consultation.open:
        return _closed(consultation)
    if consultation.waits and _wanted(consultation, context.process):
        return refusal(
            "CONSULTATION_OF_PROCESS", number=consultation.number, name=consultation.name
        )
    if not command.reason.strip():
        return refusal("REASON_NEEDED")
    until = consultation.limit
    return [
        ConsultationCancelled(
            number=consultation.number,
            unit=consultation.unit,
            step=consultation.step,
            reason=command.reason,
            due_at=None if until is None else to_timestamp(until.due_at),
        )
    ]


def _wanted(consultation: AskedUnit, process: Process) -> bool:
    """Return whether the process itself, which a case may have left, asks the question."""
    if not consultation.name or not process.has(consultation.step):
        return False
    return any(
        each.name == consultation.name for each in process.step(consultation.step).consultations
    )


def _closed(consultation: AskedUnit) -> Refusal:
    if consultation.cancelled_for:
        reason = consultation.cancelled_for
        return refusal("CONSULTATION_CANCELLED", number=consultation.number, reason=reason)
    return refusal("ALREADY_ANSWERED", number=consultation.number)
