"""Secondary deadlines: consultations, first actions, step timers, supplements. Pure."""

from __future__ import annotations

from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import DeadlineBasis, basis_from_message
from services.audit.deadlines.explanation import DeadlineExplanation, ExplainedLine, Lines
from services.audit.wording.formatting import Text
from services.audit.wording.texts import TEXTS, key_of_value

_MOVED: Final = {
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: "moved.dossier",
    DeadlineScope.DEADLINE_SCOPE_SUSPENSION: "moved.supplement",
}
"""Due dates that an explanation calls otherwise than other lines do."""


def asked(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain until when a unit is to answer; nothing for a consultation without a limit."""
    basis = basis_from_message(payload)
    if basis is None:
        return
    text = TEXTS.both(
        "due.asked", number=payload.number, unit=payload.unit, limit=payload.time_limit
    )
    due = instant_in(payload, "due_at")
    yield explanation.by_basis(event, text, due, basis, payload.step)


def cancelled(_explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain that no answer is due any more; nothing for a consultation without a limit."""
    if not payload.HasField("due_at"):
        return
    text = TEXTS.both("due.cancelled", number=payload.number, unit=payload.unit)
    yield ExplainedLine(event, text, step=payload.step)


def recalculated(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain a due date that a change of the calendar has moved; the event has its basis."""
    # The end of the citizen's time belongs to no step, and is listed like one all the same: it is
    # not the promised date.
    yield line(explanation, event, payload, basis_from_message(payload), payload.step or "-")


def line(
    explanation: DeadlineExplanation,
    event: Event,
    payload: Any,
    basis: DeadlineBasis | None,
    step: str,
) -> ExplainedLine:
    """Explain a date that was recalculated, from its basis if it has one."""
    text, due = _moved(payload), instant_in(payload, "due_at")
    if basis is None:
        version = payload.calendar_version
        return ExplainedLine(event, text, due, calendar_version=version, step=step)
    return explanation.by_basis(event, text, due, basis, step)


def _moved(payload: Any) -> Text:
    """Return which due date a change of the calendar has moved, and why it changed."""
    key = _MOVED.get(payload.scope) or key_of_value(payload, "scope", "moved.other")
    name = TEXTS.text(key, step=payload.step, number=payload.consultation)
    return TEXTS.both("due.moved", name=name, reason=payload.reason)
