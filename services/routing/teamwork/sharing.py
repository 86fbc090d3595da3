"""Officers cooperate and watch, and somebody stands in for one who is absent."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message
from motcua.events.v1.process_events_pb2 import ParticipantChanged, WorkDelegated
from motcua.routing.v1 import routing_pb2 as pb

from services.kernel.errors import Refusal
from services.kernel.instants import to_timestamp
from services.routing.facts import Facts
from services.routing.guards import ASSIGNING, at_step, open_case
from services.routing.limits import instant
from services.routing.state import State
from services.routing.teamwork.work import Delegation
from services.routing.texts import refusal


def set_participant(
    state: State, command: pb.SetParticipantRequest, facts: Facts
) -> list[Message] | Refusal:
    """Let an officer take part, or end that; said by who does such steps or gives them out."""
    refused = at_step(state, state.step, facts, *ASSIGNING)
    if refused is not None:
        return refused
    if command.officer == state.assignee:
        return refusal("IS_ASSIGNEE", officer=command.officer)
    if state.work.participation(command.officer) == command.participation:
        return refusal("NOTHING_CHANGES", officer=command.officer)
    return [ParticipantChanged(officer=command.officer, participation=command.participation)]


def delegation_of(command: pb.DelegateWorkRequest, at: int) -> Delegation | Refusal:
    """Read who shall stand in for whom, and when; refuse an empty period and oneself."""
    begins = instant(command, "begins_at")
    begins = at if begins is None else begins
    ends = instant(command, "ends_at") or 0
    if ends <= max(begins, at):
        return refusal("PERIOD_EMPTY")
    if command.substitute == command.officer:
        return refusal("OWN_SUBSTITUTE")
    return Delegation(command.officer, command.substitute, begins, ends)


def delegate(
    state: State, command: pb.DelegateWorkRequest, facts: Facts
) -> list[Message] | Refusal:
    """Let a substitute act for an officer on one case that the officer has.

    Gives nothing where that is already so, or the case is not the officer's any more.
    """
    if open_case(state) is not None or state.assignee != command.officer:
        return []
    wanted = delegation_of(command, facts.at)
    return wanted if isinstance(wanted, Refusal) else _write(state, [wanted])


def stand_ins(state: State, officer: str, facts: Facts) -> list[Message]:
    """Let those who stand in for an officer do so on a case that reaches the officer."""
    return _write(state, [each for each in facts.standing if each.officer == officer])


def _write(state: State, wanted: Sequence[Delegation]) -> list[Message]:
    return [
        WorkDelegated(
            officer=each.officer,
            substitute=each.substitute,
            begins_at=to_timestamp(each.begins_at),
            ends_at=to_timestamp(each.ends_at),
        )
        for each in wanted
        if not any(known.holds(each) for known in state.work.delegations)
    ]
