"""A case is looked at, pulled back, or moved to another version of its process."""

from __future__ import annotations

from typing import Final

from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseMoved, CasePulledBack, StepOpened
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.instants import to_timestamp
from services.routing.domain.context import Decision, DecisionContext, enter, set_limit, write_basis
from services.routing.domain.guards import acts_for, at_step, moved, open_case
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.consult import beside
from services.routing.domain.use_cases.collaboration.participants import substitutions

_LIMITED: Final = (
    "due_at",
    "warn_at",
    "escalation_levels",
    "time_limit",
    "started_at",
    "calendar_version",
    "first_action_due_at",
    "first_action_warn_at",
    "first_action_limit",
    "first_action_started_at",
)
"""What a step says of its due date: a move leaves that alone."""


def open_step(state: State, command: pb.OpenStepRequest, context: DecisionContext) -> Decision:
    """Note the first look of the one who has to do the step; later looks change nothing."""
    if refused := at_step(state, command.step, context):
        return refused
    if state.assignee and not acts_for(state, state.assignee, context):
        return refusal("NOT_ASSIGNED_TO_YOU", assignee=state.assignee)
    return [] if state.work.opened_by else [StepOpened(step=state.step)]


def pull_back(state: State, command: pb.PullBackRequest, context: DecisionContext) -> Decision:
    """Make the sender's step current again, with the due date that it had."""
    if refused := open_case(state):
        return refused
    if command.step != state.step:
        return refusal("NOT_CURRENT_STEP", step=command.step, **moved(state))
    gone = state.work.left
    if gone is None or state.work.moved_by != context.actor.id:
        return refusal("NOT_SENT_BY_YOU", step=state.step)
    if who := state.work.opened_by or state.work.first_action_by:
        return refusal("ALREADY_OPENED", step=state.step, who=who)
    back = CurrentStep(
        step=gone.step,
        unit=gone.unit,
        role=context.process.step(gone.step).role,
        national_state=gone.national_state,
    )
    set_limit(back, gone.limit)
    if gone.limit is not None:
        write_basis(back, gone.limit.basis)
    for timer in gone.timers:
        at = to_timestamp(max(timer.at, context.at))
        again = back.timers.add(transition=timer.name, at=at, back=timer.back)
        if timer.at >= context.at:
            write_basis(again, timer.basis)
    taken = CasePulledBack(
        step=state.step, next=back, reason=command.reason, assignee=gone.assignee
    )
    if gone.limit is not None:
        taken.warned, taken.missed = gone.limit.warned, gone.limit.missed
        taken.levels_notified = gone.limit.levels_notified
    return [taken, *substitutions(state, gone.assignee, context)]


def move_case(state: State, command: pb.MoveCaseRequest, context: DecisionContext) -> Decision:
    """Move a case to another version, which must have its current step; due dates stay.

    What that version wants asked at the step, of units and of other agencies, is asked now as far
    as it was not before; what is open goes on. The step's timers run from now.

    ``context.process`` is the process to which it is moved. The table of permissions lets in
    operators, and leaders of the unit that answers for the dossier.
    """
    if refused := open_case(state):
        return refused
    if not command.reason.strip():
        return refusal("REASON_NEEDED")
    target = context.process
    if (target.name, target.version) == (state.process, state.version):
        return refusal("SAME_VERSION", process=target.name, version=target.version)
    if not target.has(state.step):
        return refusal(
            "STEP_NOT_IN_VERSION", step=state.step, process=target.name, version=target.version
        )
    step = target.step(state.step)
    current = enter(step, context, context.at, state)
    for name in _LIMITED:
        current.ClearField(name)
    current.unit = state.unit
    set_limit(current, state.step_limit)
    over = CaseMoved(
        from_process=state.process,
        from_version=state.version,
        process=target.name,
        process_version=target.version,
        current=current,
        reason=command.reason,
    )
    return [over, *beside(state, step, context, context.circumstances(state.work, state.round))]
