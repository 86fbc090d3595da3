"""What was written of a resolved case is corrected by a further event."""

from __future__ import annotations

from motcua.routing.v1.case_events_pb2 import CaseCorrected
from motcua.routing.v1.routing_pb2 import CorrectCaseRequest

from kernel.base.errors import Refusal
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import ASSIGNING, within
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State


def correct(state: State, command: CorrectCaseRequest, context: DecisionContext) -> Decision:
    """Return how the result's number or explanation is to be read; the earlier event stays.

    For heads and leaders of the unit that answers for the dossier and of those above it, and for
    the officer who gave the result, as long as that officer has the unit and role of that step.
    """
    if state.status is not CaseStatus.RESOLVED:
        return refusal("CASE_NOT_RESOLVED")
    if refused := _not_yours(state, context):
        return refused
    if not command.reason.strip():
        return refusal("REASON_NEEDED")
    number = command.result_number not in ("", state.work.result_number)
    words = command.explanation not in ("", context.opened(state.work.explanation))
    if not number and not words:
        return refusal("NOTHING_TO_CORRECT")
    return [
        CaseCorrected(
            result_number=command.result_number if number else "",
            explanation=command.explanation if words else "",
            reason=command.reason,
        )
    ]


def _not_yours(state: State, context: DecisionContext) -> Refusal | None:
    if context.actor.id == state.work.resolved_by and within(state.unit, context.actor.unit):
        process = context.process
        if process.has(state.step) and context.has_role(process.step(state.step).role):
            return None
    if not within(context.unit, context.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=context.unit)
    if any(context.has_role(role) for role in ASSIGNING):
        return None
    return refusal("NOT_YOURS_TO_CORRECT", unit=context.unit)
