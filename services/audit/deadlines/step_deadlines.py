"""Why a step's own date is when it is: when it begins, and after a pause. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import Pause, basis_from_message
from office.worktime.explanation import ExplainedStretch
from office.worktime.working_time import Calendar
from services.audit.deadlines.explanation import (
    CalendarOf,
    DeadlineExplanation,
    Line,
    computed,
    counting,
    spans_of,
    wrong,
)
from services.audit.deadlines.pauses import (
    ahead_again,
    changed,
    counted_anew,
    going_on,
    judged_anew,
)
from services.audit.wording.texts import TEXTS


def opened(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of the step that a case begins with."""
    yield from _entered(told, event, said.current, calendar_of)


def moved_on(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of the step that a case goes to, forward or back."""
    told.left_due_at, told.left_course = told.step_due_at, told.step_course
    if said.HasField("next"):
        yield from _entered(told, event, said.next, calendar_of)
    else:
        told.step, told.step_due_at, told.step_course = "", None, None


def pulled_back(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of the step that is current again, with the date that it had when it was left."""
    before, before_course, step = told.left_due_at, told.left_course, said.next.step
    due, course = instant_in(said.next, "due_at"), basis_from_message(said.next)
    told.step, told.step_due_at, told.step_course = step, due, course
    told.left_due_at = told.left_course = None
    if due is None or course is None:
        return

    def compute(calendar: Calendar) -> tuple[int | None, tuple[ExplainedStretch, ...]]:
        found = course.due(calendar)
        if found != due and course == before_course:
            # Its course would have brought it to where it had passed: it was kept.
            return before, ()
        return found, spans_of(course, calendar)

    text = TEXTS.both("due.step.back", step=step, limit=course.time_limit)
    version = course.calendar_version
    line = computed(
        event, text, due, version, calendar_of, compute, limit=course.time_limit, step=step
    )
    yield line if due == before else wrong(line, "other_date")


def _entered(
    told: DeadlineExplanation, event: Event, current: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of a step's own limit, which its description carries whole."""
    told.step, told.step_due_at = current.step, instant_in(current, "due_at")
    course = told.step_course = basis_from_message(current)
    if told.step_due_at is None or course is None:
        return
    text = TEXTS.both("due.step.begins", step=current.step, limit=current.time_limit)
    yield computed(
        event,
        text,
        told.step_due_at,
        course.calendar_version,
        calendar_of,
        counting(course),
        limit=current.time_limit,
        step=current.step,
    )


def resumed(
    told: DeadlineExplanation,
    event: Event,
    said: Any,
    calendar_of: CalendarOf,
    pause: Pause,
) -> Iterator[Line]:
    """Return of the current step's date after a pause: from when until when."""
    if said.restarted:
        yield from _entered(told, event, said.current, calendar_of)
        return
    previous, before, version = told.step_due_at, told.step_course, said.calendar_version
    course = told.step_course = before and before.with_pause(pause, version)
    told.step, told.step_due_at = said.current.step, instant_in(said.current, "due_at")
    if previous is None and told.step_due_at is None:
        return
    text = TEXTS.both("due.step.goes_on", step=said.current.step)
    if before is not None and changed(before, version):
        text = counted_anew(text, before.calendar_version)
    again = ahead_again(previous, told.step_due_at, pause)
    if again:
        text = judged_anew(text)
    line = computed(
        event,
        text,
        told.step_due_at,
        version,
        calendar_of,
        going_on(before, course, previous, pause, version),
        step=said.current.step,
    )
    if said.step_after_missed and not again:
        line = wrong(line, "not_ahead")
    yield line
