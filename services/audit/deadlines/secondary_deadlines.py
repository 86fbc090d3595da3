"""Due dates beside those of the dossier and its step: of questions, of the citizen's time to hand
in papers, of beginning on a step, and of ways that are taken by themselves. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import DeadlineBasis, basis_from_message
from services.audit.deadlines.explanation import (
    CalendarOf,
    DeadlineExplanation,
    Line,
    computed,
    counting,
)
from services.audit.wording.formatting import Text
from services.audit.wording.texts import TEXTS


def asked(
    _told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Tell until when a unit is to answer; nothing for a question without a limit."""
    course = basis_from_message(said)
    if course is None:
        return
    text = TEXTS.both("due.asked", number=said.number, unit=said.unit, limit=said.time_limit)
    yield _line(event, text, said, said.step, course, calendar_of)


def cancelled(
    _told: DeadlineExplanation, event: Event, said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    """Tell that no answer is due any more; nothing for a question without a limit."""
    if not said.HasField("due_at"):
        return
    text = TEXTS.both("due.cancelled", number=said.number, unit=said.unit)
    yield Line(event, text, step=said.step)


def recomputed(
    _told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of a due date that a change of the calendar has moved; it names its own course."""
    text = moved(said)
    # The end of the citizen's time belongs to no step, and is told like one all the same: it is not
    # the promised date.
    step = said.step or "-"
    course = basis_from_message(said)
    if course is None:
        due = instant_in(said, "due_at")
        yield Line(event, text, due, calendar_version=said.calendar_version, step=step)
        return
    yield _line(event, text, said, step, course, calendar_of)


def moved(said: Any) -> Text:
    """Return which due date a change of the calendar has moved, and why it changed."""
    key = f"moved.{said.scope}"
    key = key if key in TEXTS else "moved.other"
    name = TEXTS.text(key, step=said.step, number=said.consultation)
    return TEXTS.both("due.moved", name=name, reason=said.reason)


def _line(
    event: Event,
    text: Text,
    said: Any,
    step: str,
    course: DeadlineBasis,
    calendar_of: CalendarOf,
) -> Line:
    return computed(
        event,
        text,
        instant_in(said, "due_at"),
        said.calendar_version,
        calendar_of,
        counting(course),
        limit=course.time_limit,
        step=step,
    )
