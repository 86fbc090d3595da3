"""Officers take a step, complete it, or send the case back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from motcua.routing.v1.case_events_pb2 import StepAssigned, StepCompleted, StepSentBack
from motcua.routing.v1.routing_pb2 import AssignStepRequest, CompleteStepRequest, SendBackRequest
from motcua.routing.v1.types_pb2 import CaseFact

from kernel.base.errors import Refusal
from office.process.model.conditions import Circumstances
from office.process.model.process import Process, Step, Transition
from services.routing.domain.collaboration_evolve import stated
from services.routing.domain.collaboration_state import Work
from services.routing.domain.context import Decision, DecisionContext, enter
from services.routing.domain.guards import ASSIGNING, acts_for, at_step, may_work
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.consult import beside
from services.routing.domain.use_cases.collaboration.participants import substitutions


def assign(state: State, command: AssignStepRequest, context: DecisionContext) -> Decision:
    """Assign the current step to an officer; allowed while suspended.

    Taking it from another officer needs a reason, unless that officer gives it away.
    """
    if refused := at_step(state, command.step, context, *ASSIGNING):
        return refused
    if command.assignee == state.assignee:
        return refusal("ALREADY_ASSIGNED", assignee=state.assignee)
    taken = state.assignee and not acts_for(state, state.assignee, context)
    if taken and not command.reason.strip():
        return refusal("REASSIGN_REASON", assignee=state.assignee)
    return [
        StepAssigned(
            step=state.step,
            assignee=command.assignee,
            previous=state.assignee,
            reason=command.reason,
        ),
        *substitutions(state, command.assignee, context),
    ]


def complete(state: State, command: CompleteStepRequest, context: DecisionContext) -> Decision:
    """Complete the current step by the way that is named, or by the only one that is open."""
    if refused := may_work(state, command.step, context):
        return refused
    step = context.process.step(state.step)
    if not step.next:
        return refusal("NO_NEXT_STEP", step=step.name)
    if refused := _unknown(command.facts, step, state.work, context.process):
        return refused
    if waiting := state.work.waiting(step.name):
        return refusal("CONSULTATION_OPEN", unit=waiting[0].unit, number=waiting[0].number)
    if children := state.work.unfinished(step.name):
        return refusal("CHILD_OPEN", name=children[0].name, number=children[0].number)
    work = stated(state.work, command.facts)
    circumstances = context.circumstances(work, state.round)
    way = _chosen(step.open_transitions(circumstances), command, step)
    if isinstance(way, Refusal):
        return way
    following = context.process.step(way.to)
    after = replace(state, work=work, done=(*state.done, step.name))
    done = StepCompleted(
        step=step.name,
        next=enter(following, context, context.at, after),
        note=command.note,
        transition=way.name,
        facts=command.facts,
    )
    return [done, *beside(after, following, context, circumstances)]


def _unknown(
    attributes: Iterable[CaseFact], step: Step, work: Work, process: Process
) -> Refusal | None:
    """Refuse attributes that the process does not know, and their want where it asks for them."""
    names = {name for name, _ in work.facts}
    for each in attributes:
        fact = process.fact(each.name)
        if fact is None or not fact.allows(each.value):
            values = ", ".join(fact.values) if fact is not None else "-"
            return refusal("FACT_NOT_ALLOWED", name=each.name, value=each.value, values=values)
        names.add(each.name)
    for name in step.states:
        if name not in names:
            return refusal("FACT_NEEDED", name=name)
    return None


def _chosen(
    transitions: list[Transition], command: CompleteStepRequest, step: Step
) -> Transition | Refusal:
    names = ", ".join(each.name for each in transitions)
    if command.transition:
        found = [each for each in transitions if each.name == command.transition]
        if not found or command.next not in ("", found[0].to):
            return refusal(
                "TRANSITION_NOT_OPEN",
                step=step.name,
                transition=command.transition,
                transitions=names,
            )
        return found[0]
    if command.next:
        transitions = [each for each in transitions if each.to == command.next]
        if not transitions:
            return refusal("NEXT_NOT_ALLOWED", step=step.name, next=command.next)
    if len(transitions) != 1:
        return refusal("TRANSITION_NEEDED", step=step.name, transitions=names)
    return transitions[0]


def send_back(state: State, command: SendBackRequest, context: DecisionContext) -> Decision:
    """Make an earlier step current again, with its limit from now; needs a reason."""
    if refused := may_work(state, command.step, context):
        return refused
    if not command.reason.strip():
        return refusal("REASON_REQUIRED")
    circumstances = context.circumstances(state.work, state.round)
    allowed = back_transitions(state, context.process, circumstances)
    if not allowed:
        return refusal("NO_EARLIER_STEP", step=state.step)
    target = command.to_step or allowed[0].to
    way = next((way for way in allowed if way.to == target), None)
    if way is None:
        return refusal("BACK_NOT_ALLOWED", step=state.step, target=target)
    step = context.process.step(target)
    sent = StepSentBack(
        step=state.step,
        next=enter(step, context, context.at, replace(state, done=state.before(target))),
        reason=command.reason,
        transition=way.name,
    )
    return [sent, *beside(state, step, context, circumstances)]


def back_transitions(
    state: State, process: Process, circumstances: Circumstances
) -> list[Transition]:
    """List the ways by which the case can be sent back now, to the step done last first."""
    ways = process.step(state.step).open_transitions(circumstances, back=True)
    last = list(dict.fromkeys(reversed(state.done)))
    return sorted((way for way in ways if way.to in last), key=lambda way: last.index(way.to))
