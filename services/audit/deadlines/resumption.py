"""Why the promised date is when it is after a pause: its remainder kept, or begun again. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import instant_in, to_us
from kernel.messages.catalogue import FixedText
from office.worktime.deadline_basis import DeadlineBasis, Pause
from services.audit.deadlines import step_deadlines
from services.audit.deadlines.explanation import (
    Agreement,
    CalendarOf,
    DeadlineExplanation,
    Line,
    computed,
    counting,
    waited_in,
    wrong,
)
from services.audit.deadlines.pauses import (
    ahead_again,
    changed,
    counted_anew,
    going_on,
    gone_on,
    judged_anew,
    waited,
)
from services.audit.wording.texts import TEXTS


def resumed(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of the promised date after a pause, then of the step's."""
    since = to_us(said.suspended_at)
    at = instant_in(said, "resumed_at")
    at = to_us(event.occurred_at) if at is None else at
    tell = _begun_again if said.restarted and (said.time_limit or told.time_limit) else _gone_on
    previous, told.due_at = told.due_at, instant_in(said, "due_at")
    line = tell(told, event, said, calendar_of, previous, (since, at))
    if instant_in(said, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line
    yield from step_deadlines.resumed(told, event, said, calendar_of, (since, at))


def _gone_on(
    told: DeadlineExplanation,
    event: Event,
    said: Any,
    calendar_of: CalendarOf,
    previous: int | None,
    pause: Pause,
) -> Line:
    """Return of the working time waited, and of what another calendar made of the date."""
    due, version = told.due_at, said.calendar_version
    again = ahead_again(previous, due, pause)
    late = said.stays_late and not again
    before = told.course
    course = told.course = before and before.with_pause(pause, version)
    compute = going_on(before, course, previous, pause, version)
    text = gone_on(said.waited_working_minutes, stays_late=late)
    line = computed(event, text, due, version, calendar_of, compute)
    name = waited_in(len(course.pauses) if course else 1)
    if last := [span for span in line.spans if span.part == name]:
        line = replace(line, text=waited(last, stays_late=late))
    if before is not None and changed(before, version):
        line = replace(line, text=counted_anew(line.text, before.calendar_version))
    if again:
        return replace(line, text=judged_anew(line.text))
    return wrong(line, "not_ahead") if said.after_missed else line


def _begun_again(
    told: DeadlineExplanation,
    event: Event,
    said: Any,
    calendar_of: CalendarOf,
    _previous: int | None,
    pause: Pause,
) -> Line:
    """Return of a limit that runs anew, and of the signed extension that it does not shorten."""
    due, version, signed = told.due_at, said.calendar_version, instant_in(said, "extended_due_at")
    limit = said.time_limit or told.time_limit
    course = told.course = DeadlineBasis(
        pause[1], limit, version, same_day=said.same_day, not_before=signed
    )
    text = TEXTS.both("due.again.same_day" if said.same_day else "due.again", limit=limit)
    if said.extension_holds:
        text = TEXTS.both("due.extension_holds", text=FixedText(*text))
    line = computed(event, text, due, version, calendar_of, counting(course), limit=limit)
    calendar = calendar_of(version)
    if told.extended_to is not None and (due is None or due < told.extended_to):
        return wrong(line, "shortened")
    if signed not in (None, told.extended_to):
        return wrong(line, "other_extension")
    if calendar is None or line.agreement is not Agreement.SAME:
        return line
    told_right = course.is_held_by_promise(calendar) == said.extension_holds
    return line if told_right else wrong(line, "other_holds")
