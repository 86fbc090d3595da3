"""Dossiers that other agencies work on for a case, each with its own clock (liên thông)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from google.protobuf.message import Message
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseReopened,
    CaseResolved,
    CaseWithdrawn,
)
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildReopened,
    ChildRequested,
    ChildWithheld,
)

from office.process.model.conditions import Circumstances, holds
from office.process.model.process import Child, Step
from services.routing.domain.state import State

MOST_ABOVE: Final = 5
"""How many dossiers may stand above one that still opens children. Two or three agencies work
together; a chain of more comes from processes that lead back to each other by a catalogue that was
not at hand when they were checked, and would never end.
"""
WITHHELD: Final = "withheld"
"""How a child ended that was not asked for."""


def children_of(
    state: State, step: Step, circumstances: Circumstances, above: int
) -> list[Message]:
    """Ask for the dossiers that a step opens, each once a case; the desk opens them.

    ``above`` is how many dossiers stand above the case's; below ``MOST_ABOVE`` of them each child
    is said to be withheld instead.
    """
    before = {each.name for each in state.work.children}
    wanted = [
        child
        for child in step.children
        if child.name not in before and holds(child.when, circumstances)
    ]
    return [
        _asked(child, step.name, number, above)
        for number, child in enumerate(wanted, len(state.work.children) + 1)
    ]


def _asked(child: Child, step: str, number: int, above: int) -> Message:
    if above < MOST_ABOVE:
        return ChildRequested(
            number=number,
            name=child.name,
            step=step,
            procedure_code=child.procedure,
            waits=child.waits,
        )
    return ChildWithheld(
        number=number,
        name=child.name,
        step=step,
        procedure_code=child.procedure,
        above=above,
    )


def reason_of_end_without_result(outcome: Sequence[Message]) -> str | None:
    """Return the reason for which a case ended without a result, "" where a citizen withdrew it;
    None when it has not ended so.
    """
    for message in outcome:
        if isinstance(message, CaseWithdrawn | CaseClosed):
            return message.reason
    return None


def orphan(parent_code: str, reason: str) -> CaseWithdrawn:
    """End a child whose parent ended without a result: nobody waits for its own any more."""
    return CaseWithdrawn(reason=reason, parent_code=parent_code)


def ended(code: str, number: int, outcome: Sequence[Message]) -> ChildEnded | None:
    """Return what the end of a child means for its parent; None when it has not ended."""
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


def reopened(code: str, number: int, outcome: Sequence[Message]) -> ChildReopened | None:
    """Return what it means for its parent that a closed child goes on; None when none does."""
    if any(isinstance(message, CaseReopened) for message in outcome):
        return ChildReopened(number=number, child_code=code)
    return None
