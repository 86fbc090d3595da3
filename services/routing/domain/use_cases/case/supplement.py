"""Papers are asked of the citizen, and the clock stands still until they arrive."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.routing.v1.case_events_pb2 import CaseClosed, CaseReopened, SupplementRequested
from motcua.routing.v1.routing_pb2 import CloseCaseRequest, RequestSupplementRequest

from kernel.base.instants import instant_in, to_timestamp
from office.worktime import working_time
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import at_step, may_work
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State
from services.routing.domain.use_cases.collaboration.draft_documents import supplement_unsigned
from services.routing.domain.use_cases.deadlines.suspend import SUPPLEMENT, go_on, warn_of_end


def request_supplement(
    state: State, command: RequestSupplementRequest, context: DecisionContext
) -> Decision:
    """Ask for papers and stop the clock; the procedure and its process limit how
    often."""
    if refused := may_work(state, command.step, context):
        return refused
    if not context.supplement_rounds:
        return refusal("NO_SUPPLEMENTS")
    if state.round >= context.supplement_rounds:
        return refusal("SUPPLEMENT_LIMIT", rounds=state.round, most=context.supplement_rounds)
    if refused := supplement_unsigned(state, context.process):
        return refused
    event = SupplementRequested(parts=command.parts, reason=command.reason, round=state.round + 1)
    for part in event.parts:
        part.copies = part.copies or 1  # as the desk counts those handed in
    until = instant_in(command, "answer_due_at")
    if until is None:
        until = working_time.due_at(context.calendar, context.at, context.supplement_period)
        event.time_limit = "" if until is None else str(context.supplement_period)
    elif until <= context.at:
        return refusal("ANSWER_DUE_PAST")
    if until is not None:
        event.answer_due_at.CopyFrom(to_timestamp(until))
        warn_of_end(event, context, until)
    return [event]


def resume(state: State, submitted: SupplementSubmitted, context: DecisionContext) -> list[Message]:
    """Let the clock go on from the papers' arrival (``context.at``), by the procedure's policy.

    Papers that answer an older request, or come when none are awaited, change nothing here. The
    desk takes late ones as long as it has not heard that the case is closed; what it has taken
    counts, and opens a case again that was closed meanwhile.
    """
    if submitted.round != state.round:
        return []
    if _waits(state):
        return [go_on(state, context)]
    ending = state.ending
    if state.status is not CaseStatus.CLOSED or ending is None:
        return []
    reopened = CaseReopened(round=state.round, closed_at=to_timestamp(ending.at))
    return [reopened, go_on(replace(state, suspension=ending.suspension), context)]


def close(state: State, command: CloseCaseRequest, context: DecisionContext) -> Decision:
    """Close a case whose papers did not come in time; not before that time is over."""
    if refused := at_step(state, state.step, context):
        return refused
    if not _waits(state):
        return refusal("NO_PAPERS_AWAITED")
    if command.round != state.round:
        return refusal("OTHER_ROUND", round=state.round)
    end = None if state.suspension is None else state.suspension.end
    if end is None or context.at <= end.due_at:
        return refusal("ANSWER_STILL_DUE")
    return [CaseClosed(round=state.round, reason=command.reason)]


def _waits(state: State) -> bool:
    return state.suspension is not None and state.suspension.kind == SUPPLEMENT
