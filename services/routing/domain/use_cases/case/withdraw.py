"""The citizen asks for a dossier back, and an officer lets it go or declines."""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import WithdrawalRequested
from motcua.routing.v1.case_events_pb2 import CaseWithdrawn, WithdrawalDeclined
from motcua.routing.v1.routing_pb2 import AnswerWithdrawalRequest

from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import open_case
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State

DECLINED = "declined"
"""The ground of a withdrawal to which an officer said no; the others are ends of a case."""


def ask(state: State, _event: WithdrawalRequested, _context: DecisionContext) -> list[Message]:
    """Let a wish wait for an answer while the clock runs on, or say that it comes too late.

    A wish that belongs to another system's history was granted there.
    """
    if state.status in (CaseStatus.RESOLVED, CaseStatus.WITHDRAWN, CaseStatus.CLOSED):
        return [WithdrawalDeclined(reason_code=state.status.value)]
    if state.status is CaseStatus.NONE or state.own:
        return []
    return [CaseWithdrawn()]


def answer(state: State, command: AnswerWithdrawalRequest, context: DecisionContext) -> Decision:
    """Close the case at the citizen's wish, or decline with a reason; allowed while suspended.

    The table of permissions lets in heads and leaders of the unit that answers for the dossier, and
    of those above it.
    """
    if refused := open_case(state):
        return refused
    if not pending(state, context) or command.number != context.withdrawals:
        return refusal("NO_WITHDRAWAL_ASKED", number=command.number)
    if command.approved:
        return [CaseWithdrawn()]
    if not command.reason.strip():
        return refusal("REASON_NEEDED")
    return [WithdrawalDeclined(reason_code=DECLINED, reason=command.reason)]


def pending(state: State, context: DecisionContext) -> bool:
    """Return whether a wish of the citizen waits for an answer."""
    return context.withdrawals > state.declined
