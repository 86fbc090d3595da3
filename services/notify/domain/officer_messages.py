"""Of which events officers are told, as what, and with which facts. Pure.

Nobody is asked whether they agree: it is their duty that they are told of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from motcua.events.v1.envelope_pb2 import DossierEvent
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


def _escalated(event: DossierEvent) -> tuple[str, Sequence[str], Values]:
    said = event.deadline_escalated
    return (
        "escalated",
        said.officers,
        {
            "scope": _SCOPES.get(said.scope, "dossier"),
            "step": said.step_title or said.step,
            "work_unit": said.work_unit or said.unit,
            "told_unit": said.unit,
            "due_at": isoformat(to_us(said.due_at)),
            "told_at": isoformat(to_us(event.occurred_at)),
        },
    )


DUTIES: Mapping[str, Callable[[DossierEvent], tuple[str, Sequence[str], Values]]] = {
    "deadline_escalated": _escalated,
}
"""For each payload: the kind of message, the ids of the officers, and the message's values."""

DUTY_KINDS = ("escalated",)
"""Every kind of message to officers; each has its template, in Vietnamese."""
