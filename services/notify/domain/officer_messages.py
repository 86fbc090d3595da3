"""The events of which officers are notified: kind of message, recipients, values. Pure.

Nobody's consent is asked: it is their duty that they are notified of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import isoformat, to_us
from services.notify.domain.citizen_messages import Values

UNITS = ("work_unit", "told_unit")
"""The values that are codes of units: that of the dossier's own unit becomes its name."""
_SCOPES = {
    DeadlineScope.DEADLINE_SCOPE_STEP: "step",
    DeadlineScope.DEADLINE_SCOPE_CONSULTATION: "consultation",
    DeadlineScope.DEADLINE_SCOPE_DESK_CHECK: "check",
}
"""Whose due date it is, where it is not the dossier's."""


def _escalated(event: Event, payload: DeadlineEscalated) -> tuple[str, Sequence[str], Values]:
    return (
        "escalated",
        payload.officers,
        {
            "scope": _SCOPES.get(payload.scope, "dossier"),
            "step": payload.step_title or payload.step,
            "work_unit": payload.work_unit or payload.unit,
            "told_unit": payload.unit,
            "due_at": isoformat(to_us(payload.due_at)),
            "told_at": isoformat(to_us(event.occurred_at)),
        },
    )


OFFICER_MESSAGES: Mapping[
    type[Message], Callable[[Event, Any], tuple[str, Sequence[str], Values]]
] = {
    DeadlineEscalated: _escalated,
}
"""For each payload: the kind of message, the ids of the officers, and the message's values."""

OFFICER_KINDS = ("escalated",)
"""Every kind of message to officers; each has its template, in Vietnamese."""
