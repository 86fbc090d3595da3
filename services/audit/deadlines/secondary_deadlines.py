"""Secondary deadlines: consultations, first actions, step timers, supplements. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import DeadlineBasis, basis_from_message
from services.audit.deadlines.explanation import (
    CalendarOf,
    DeadlineExplanation,
    ExplainedLine,
    computed,
    counting,
)
from services.audit.wording.formatting import Text
from services.audit.wording.texts import TEXTS, key_of_value

_MOVED: Final = {
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: "moved.dossier",
    DeadlineScope.DEADLINE_SCOPE_SUSPENSION: "moved.supplement",
}
"""Due dates that an explanation calls otherwise than other lines do."""


def asked(
    _explanation: DeadlineExplanation, event: Event, payload: Any, calendar_of: CalendarOf
) -> Iterator[ExplainedLine]:
    """Explain until when a unit is to answer; nothing for a consultation without a limit."""
    basis = basis_from_message(payload)
    if basis is None:
        return
    text = TEXTS.both(
        "due.asked", number=payload.number, unit=payload.unit, limit=payload.time_limit
    )
    yield _line(event, text, payload, payload.step, basis, calendar_of)


def cancelled(
    _explanation: DeadlineExplanation, event: Event, payload: Any, _calendar_of: CalendarOf
) -> Iterator[ExplainedLine]:
    """Explain that no answer is due any more; nothing for a consultation without a limit."""
    if not payload.HasField("due_at"):
        return
    text = TEXTS.both("due.cancelled", number=payload.number, unit=payload.unit)
    yield ExplainedLine(event, text, step=payload.step)


def recalculated(
    _explanation: DeadlineExplanation, event: Event, payload: Any, calendar_of: CalendarOf
) -> Iterator[ExplainedLine]:
    """Explain a due date that a change of the calendar has moved; the event has its basis."""
    text = moved(payload)
    # The end of the citizen's time belongs to no step, and is listed like one all the same: it is
    # not the promised date.
    step = payload.step or "-"
    basis = basis_from_message(payload)
    if basis is None:
        due = instant_in(payload, "due_at")
        yield ExplainedLine(event, text, due, calendar_version=payload.calendar_version, step=step)
        return
    yield _line(event, text, payload, step, basis, calendar_of)


def moved(payload: Any) -> Text:
    """Return which due date a change of the calendar has moved, and why it changed."""
    key = _MOVED.get(payload.scope) or key_of_value(payload, "scope", "moved.other")
    name = TEXTS.text(key, step=payload.step, number=payload.consultation)
    return TEXTS.both("due.moved", name=name, reason=payload.reason)


def _line(
    event: Event,
    text: Text,
    payload: Any,
    step: str,
    basis: DeadlineBasis,
    calendar_of: CalendarOf,
) -> ExplainedLine:
    return computed(
        event,
        text,
        instant_in(payload, "due_at"),
        payload.calendar_version,
        calendar_of,
        counting(basis),
        limit=basis.time_limit,
        step=step,
    )
