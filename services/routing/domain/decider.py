"""Routing's decisions: which events follow from a command, another service's event, or time.

Pure: the same state, message and decision context give the same outcome. Each use case has a module
of its own; ``command_table`` says which message it decides.
"""

from __future__ import annotations

from google.protobuf.message import Message

from kernel.base.errors import Refusal
from services.routing.domain.alarms import alarms, overdue
from services.routing.domain.command_table import DECISIONS
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.evolve import evolve
from services.routing.domain.state import INITIAL, State

__all__ = ["INITIAL", "DecisionContext", "State", "alarms", "decide", "evolve"]


def decide(state: State, message: Message, context: DecisionContext) -> Decision:
    """Return the events that follow from a command or from another service's event.

    A refusal is for commands; an event that calls for nothing gives no events. That a due date had
    passed does not depend on when the scheduler looked: it comes first. Raise ``KeyError`` for a
    message that routing does not decide on.
    """
    spec = DECISIONS[type(message)]
    outcome = spec.decide(state, message, context)
    if isinstance(outcome, Refusal) or not outcome or not spec.ends_due_date:
        return outcome
    return [*overdue(state, context.at), *outcome]
