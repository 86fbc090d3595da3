"""Officers cooperate and watch, and somebody stands in for one who is absent."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import ParticipantChanged, WorkDelegated
from motcua.routing.v1.officer_events_pb2 import DelegationEnded

from kernel.base.errors import Refusal
from kernel.base.instants import instant_in, to_timestamp
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import ASSIGNING, at_step, open_case
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State


def set_participant(
    state: State, command: pb.SetParticipantRequest, context: DecisionContext
) -> Decision:
    """Let an officer take part, or end that; for who does such steps or gives them out."""
    if refused := at_step(state, state.step, context, *ASSIGNING):
        return refused
    if command.officer == state.assignee:
        return refusal("IS_ASSIGNEE", officer=command.officer)
    if state.work.participation(command.officer) == command.participation:
        return refusal("NOTHING_CHANGES", officer=command.officer)
    return [ParticipantChanged(officer=command.officer, participation=command.participation)]


def delegation_of(command: pb.DelegateWorkRequest, at: int) -> Delegation | Refusal:
    """Read who shall stand in for whom, and when; refuse an empty period and oneself."""
    begins = instant_in(command, "begins_at")
    begins = at if begins is None else begins
    ends = instant_in(command, "ends_at") or 0
    if ends <= max(begins, at):
        return refusal("PERIOD_EMPTY")
    if command.substitute == command.officer:
        return refusal("OWN_SUBSTITUTE")
    return Delegation(command.officer, command.substitute, begins, ends)


def delegate(state: State, command: pb.DelegateWorkRequest, context: DecisionContext) -> Decision:
    """Let a substitute act for an officer on one case that the officer has.

    Gives nothing where that is already so, or the case is not the officer's any more.
    """
    if open_case(state) is not None or state.assignee != command.officer:
        return []
    wanted = delegation_of(command, context.at)
    return wanted if isinstance(wanted, Refusal) else _write(state, [wanted])


def work_meant(officer: str, actor: Actor) -> str:
    """Return the unit about whose work somebody speaks for an officer: a leader about the own one
    and those below, the officer about all (empty).
    """
    return "" if actor.id == officer else actor.unit


def end_absence(state: State, command: pb.EndAbsenceRequest, context: DecisionContext) -> Decision:
    """Let nobody of those who stand in for an officer do so any more on one case."""
    if open_case(state) is not None:
        return []
    unit = work_meant(command.officer, context.actor)
    meant = {each.substitute for each in context.standing}
    running = dict.fromkeys(
        each.substitute
        for each in state.work.delegations
        if each.officer == command.officer
        and each.substitute in meant
        and each.active(context.at, unit)
    )
    return [
        DelegationEnded(officer=command.officer, substitute=substitute, unit=unit)
        for substitute in running
    ]


def substitutions(state: State, officer: str, context: DecisionContext) -> list[Message]:
    """Let those who stand in for an officer do so on a case that reaches the officer."""
    return _write(state, [each for each in context.standing if each.officer == officer])


def _write(state: State, wanted: Sequence[Delegation]) -> list[Message]:
    events: list[Message] = []
    for each in wanted:
        if any(known.holds(each) for known in state.work.delegations):
            continue
        given = WorkDelegated(
            officer=each.officer,
            substitute=each.substitute,
            begins_at=to_timestamp(each.begins_at),
            ends_at=to_timestamp(each.ends_at),
        )
        names = {"officer": each.officer, "substitute": each.substitute}
        events += [given, *(DelegationEnded(**names, unit=unit) for unit in each.ended_in)]
    return events
