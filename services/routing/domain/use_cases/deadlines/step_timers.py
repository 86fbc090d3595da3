"""Ways that are taken by themselves when a step has been current for long enough."""

from __future__ import annotations

from dataclasses import replace

from google.protobuf.message import Message
from motcua.routing.v1.case_events_pb2 import StepCompleted, StepSentBack

from services.routing.domain.alarms import overdue
from services.routing.domain.context import DecisionContext, enter
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.consult import beside

TIMED = "timer"


def due(state: State, now: int) -> str:
    """Return the way that is to be taken by now; empty for none.

    One that completes the step waits, as an officer would have to, for the answers and the children
    that the step waits for; it is taken as soon as the last of them has come.
    """
    timer = state.work.next_timer(state.step) if state.watched else None
    return timer.name if timer is not None and timer.at <= now else ""


def take(state: State, name: str, context: DecisionContext) -> list[Message]:
    """Take a way without anybody having done anything."""
    way = context.process.step(state.step).transition(name)
    if way is None:
        return []
    step = context.process.step(way.to)
    done = state.before(way.to) if way.back else (*state.done, state.step)
    current = enter(step, context, context.at, replace(state, done=done))
    if way.back:
        moved: Message = StepSentBack(step=state.step, next=current, reason=TIMED, transition=name)
    else:
        moved = StepCompleted(step=state.step, next=current, note=TIMED, transition=name)
    circumstances = context.circumstances(state.work, state.round)
    return [*overdue(state, context.at), moved, *beside(state, step, context, circumstances)]
