"""The rules that every command of an officer has to keep."""

from __future__ import annotations

from typing import Final

from motcua.routing.v1.types_pb2 import Participation

from kernel.base.errors import Refusal
from services.routing.domain.context import DecisionContext
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State

ASSIGNING: Final = ("head", "leader")
"""The roles that give out work besides the step's own."""
COOPERATES: Final = Participation.PARTICIPATION_COOPERATES
_NOT_OPEN = {
    CaseStatus.NONE: "CASE_NOT_OPEN",
    CaseStatus.RESOLVED: "CASE_RESOLVED",
    CaseStatus.WITHDRAWN: "CASE_WITHDRAWN",
    CaseStatus.CLOSED: "CASE_CLOSED",
}


def open_case(state: State) -> Refusal | None:
    """Refuse unless the case is running or suspended."""
    code = _NOT_OPEN.get(state.status)
    return None if code is None else refusal(code)


def within(unit: str, above: str) -> bool:
    """Return whether ``unit`` is ``above`` or lies below it (H22.60.05 below H22.60)."""
    return unit == above or (bool(above) and unit.startswith(f"{above}."))


def at_step(state: State, step: str, context: DecisionContext, *others: str) -> Refusal | None:
    """Refuse unless the case is open at ``step``, and the actor keeps the table's rule ``unit =
    "step"``: the step is for the actor's unit to do, and the actor has the role of the step, or one
    of ``others``, where the table itself names no roles.
    """
    if refused := open_case(state):
        return refused
    if step != state.step:
        return refusal("NOT_CURRENT_STEP", step=step, **moved(state))
    if not within(state.unit, context.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=state.unit)
    return None if context.roles_named else _in_role(state, context, *others)


def may_work(state: State, step: str, context: DecisionContext) -> Refusal | None:
    """Refuse unless the clock runs and the actor is the one to do the current step."""
    if refused := at_step(state, step, context):
        return refused
    if state.status is CaseStatus.SUSPENDED:
        return refusal("CASE_SUSPENDED")
    return has_step(state, step, context)


def has_step(state: State, step: str, context: DecisionContext) -> Refusal | None:
    """Refuse unless the actor is the one to do the current step, now or when the clock goes on."""
    if refused := at_step(state, step, context):
        return refused
    if state.assignee and not acts_for(state, state.assignee, context):
        return refusal("NOT_ASSIGNED_TO_YOU", assignee=state.assignee)
    return None


def _in_role(state: State, context: DecisionContext, *others: str) -> Refusal | None:
    """Who stands in for the officer that has the step needs no role of their own."""
    role = context.process.step(state.step).role
    if any(context.has_role(each) for each in (role, *others)):
        return None
    stands_in = state.assignee not in ("", context.actor.id)
    if stands_in and acts_for(state, state.assignee, context):
        return None
    return refusal("NOT_YOUR_ROLE", role=role)


def may_help(state: State, step: str, context: DecisionContext) -> Refusal | None:
    """Refuse unless the clock runs and the actor does the step or cooperates in it."""
    if open_case(state) is None and state.work.participation(context.actor.id) == COOPERATES:
        if step != state.step:
            return refusal("NOT_CURRENT_STEP", step=step, **moved(state))
        return refusal("CASE_SUSPENDED") if state.status is CaseStatus.SUSPENDED else None
    return may_work(state, step, context)


def acts_for(state: State, officer: str, context: DecisionContext) -> bool:
    """Return whether the actor is an officer, or stands in for that officer now."""
    who = context.actor.id
    return who == officer or state.work.stands_in(who, officer, context.at, state.unit)


def moved(state: State) -> dict[str, str]:
    """Return where a case is now and who brought it there, for whoever looks at an old screen."""
    return {"current": state.step, "unit": state.unit, "by": state.work.moved_by or "-"}
