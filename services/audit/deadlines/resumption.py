"""Explanation of the promised date after a pause: its remainder, or the limit again. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import instant_in, to_us
from kernel.messages.catalogue import FixedText
from office.worktime.deadline_basis import DeadlineBasis, Pause
from services.audit.deadlines import step_deadlines
from services.audit.deadlines.explanation import (
    Agreement,
    DeadlineExplanation,
    ExplainedLine,
    Lines,
    waited_in,
    wrong,
)
from services.audit.deadlines.pauses import (
    ahead_again,
    changed,
    counted_again,
    going_on,
    gone_on,
    judged_again,
    waited,
)
from services.audit.wording.texts import TEXTS


def resumed(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain the promised date after a pause, then the step's."""
    since = to_us(payload.suspended_at)
    at = instant_in(payload, "resumed_at")
    at = to_us(event.occurred_at) if at is None else at
    previous, explanation.due_at = explanation.due_at, instant_in(payload, "due_at")
    if payload.restarted and (payload.time_limit or explanation.time_limit):
        line = _begun_again(explanation, event, payload, at)
    else:
        line = _gone_on(explanation, event, payload, previous, (since, at))
    if instant_in(payload, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line
    yield from step_deadlines.resumed(explanation, event, payload, (since, at))


def _gone_on(
    explanation: DeadlineExplanation,
    event: Event,
    payload: Any,
    previous: int | None,
    pause: Pause,
) -> ExplainedLine:
    """Explain a date that is moved by the working time waited, and by a change of the calendar."""
    due, version = explanation.due_at, payload.calendar_version
    again = ahead_again(previous, due, pause)
    late = payload.stays_late and not again
    before = explanation.basis
    basis = explanation.basis = before and before.with_pause(pause, version)
    compute = going_on(before, basis, previous, pause, version)
    text = gone_on(payload.waited_working_minutes, stays_late=late)
    line = explanation.computed(event, text, due, version, compute)
    name = waited_in(len(basis.pauses) if basis else 1)
    if last := [span for span in line.spans if span.part == name]:
        line = replace(line, text=waited(last, stays_late=late))
    if before is not None and changed(before, version):
        line = replace(line, text=counted_again(line.text, before.calendar_version))
    if again:
        return replace(line, text=judged_again(line.text))
    return wrong(line, "not_ahead") if payload.after_missed else line


def _begun_again(
    explanation: DeadlineExplanation, event: Event, payload: Any, at: int
) -> ExplainedLine:
    """Explain a limit that begins again, which does not shorten a signed extension."""
    due, version = explanation.due_at, payload.calendar_version
    signed = instant_in(payload, "extended_due_at")
    limit = payload.time_limit or explanation.time_limit
    basis = explanation.basis = DeadlineBasis(
        at, limit, version, same_day=payload.same_day, not_before=signed
    )
    text = TEXTS.both("due.again.same_day" if payload.same_day else "due.again", limit=limit)
    if payload.extension_holds:
        text = TEXTS.both("due.extension_holds", text=FixedText(*text))
    line = explanation.by_basis(event, text, due, basis)
    calendar = explanation.calendar_of(version)
    if explanation.extended_to is not None and (due is None or due < explanation.extended_to):
        return wrong(line, "shortened")
    if signed not in (None, explanation.extended_to):
        return wrong(line, "other_extension")
    if calendar is None or line.agreement is not Agreement.SAME:
        return line
    is_right = basis.is_held_by_promise(calendar) == payload.extension_holds
    return line if is_right else wrong(line, "other_holds")
