"""Dossiers that other agencies work on for a case, each with its own clock (liên thông)."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message
from motcua.events.v1.process_events_pb2 import ChildEnded, ChildRequested
from motcua.events.v1.routing_events_pb2 import CaseClosed, CaseResolved, CaseWithdrawn

from services.routing.process import Step
from services.routing.processes.conditions import Circumstances, holds
from services.routing.state import State


def children_of(state: State, step: Step, circumstances: Circumstances) -> list[Message]:
    """Ask for the dossiers that a step opens, each once a case; the desk opens them."""
    before = {each.name for each in state.work.children}
    wanted = [
        child
        for child in step.children
        if child.name not in before and holds(child.when, circumstances)
    ]
    return [
        ChildRequested(
            number=len(state.work.children) + place,
            name=child.name,
            step=step.name,
            procedure_code=child.procedure,
            waits=child.waits,
        )
        for place, child in enumerate(wanted, 1)
    ]


def given_back(outcome: Sequence[Message]) -> str | None:
    """Give the reason for which a case ended without a result; None when it has not."""
    for message in outcome:
        if isinstance(message, CaseWithdrawn | CaseClosed):
            return message.reason
    return None


def orphan(parent_code: str, reason: str) -> CaseWithdrawn:
    """End a child whose parent was given back: nobody waits for its result any more."""
    return CaseWithdrawn(reason=reason, parent_code=parent_code)


def ended(code: str, number: int, outcome: Sequence[Message]) -> ChildEnded | None:
    """Tell what the end of a child means for its parent; None when it has not ended."""
    for message in outcome:
        if isinstance(message, CaseResolved):
            return ChildEnded(
                number=number,
                child_code=code,
                ending="resolved",
                result=message.result,
                result_number=message.result_number,
            )
        if isinstance(message, CaseWithdrawn | CaseClosed):
            ending = "withdrawn" if isinstance(message, CaseWithdrawn) else "closed"
            return ChildEnded(number=number, child_code=code, ending=ending)
    return None
