"""What was written of a resolved case is corrected by a further event."""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.events.v1.process_events_pb2 import CaseCorrected
from motcua.routing.v1.routing_pb2 import CorrectCaseRequest

from services.kernel.errors import Refusal
from services.routing.facts import Facts
from services.routing.guards import within
from services.routing.state import State, Status
from services.routing.texts import refusal


def correct(state: State, command: CorrectCaseRequest, facts: Facts) -> list[Message] | Refusal:
    """Say how the result's number or explanation is to be read; the earlier event stays."""
    if state.status is not Status.RESOLVED:
        return refusal("CASE_NOT_RESOLVED")
    if not within(facts.unit, facts.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=facts.unit)
    if not command.reason.strip():
        return refusal("REASON_NEEDED")
    number = command.result_number not in ("", state.work.result_number)
    words = command.explanation not in ("", state.work.explanation)
    if not number and not words:
        return refusal("NOTHING_TO_CORRECT")
    return [
        CaseCorrected(
            result_number=command.result_number if number else "",
            explanation=command.explanation if words else "",
            reason=command.reason,
        )
    ]
