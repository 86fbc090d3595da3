"""Explanation of a step's due date: when the step begins, and after a pause. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import Pause, basis_from_message
from office.worktime.explanation import ExplainedStretch
from office.worktime.working_time import Calendar
from services.audit.deadlines.explanation import DeadlineExplanation, Lines, spans_of, wrong
from services.audit.deadlines.pauses import (
    ahead_again,
    changed,
    counted_again,
    going_on,
    judged_again,
)
from services.audit.wording.texts import TEXTS


def opened(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain the date of the step that a case begins with."""
    yield from _entered(explanation, event, payload.current)


def moved_on(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain the date of the step that a case goes to, forward or back."""
    explanation.left_due_at = explanation.step_due_at
    explanation.left_basis = explanation.step_basis
    if payload.HasField("next"):
        yield from _entered(explanation, event, payload.next)
    else:
        explanation.step, explanation.step_due_at, explanation.step_basis = "", None, None


def pulled_back(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain the date of a step that is current again: that which it had when it was left."""
    before, basis_before, step = explanation.left_due_at, explanation.left_basis, payload.next.step
    due, basis = instant_in(payload.next, "due_at"), basis_from_message(payload.next)
    explanation.step, explanation.step_due_at, explanation.step_basis = step, due, basis
    explanation.left_due_at = explanation.left_basis = None
    if due is None or basis is None:
        return

    def compute(calendar: Calendar) -> tuple[int | None, tuple[ExplainedStretch, ...]]:
        found = basis.due(calendar)
        if found != due and basis == basis_before:
            # By its basis it would be a date that had passed: the date before was kept.
            return before, ()
        return found, spans_of(basis, calendar)

    text = TEXTS.both("due.step.back", step=step, limit=basis.time_limit)
    line = explanation.computed(event, text, due, basis.calendar_version, compute, step)
    line = replace(line, time_limit=basis.time_limit)
    yield line if due == before else wrong(line, "other_date")


def _entered(explanation: DeadlineExplanation, event: Event, current: Any) -> Lines:
    """Explain the date of a step's own limit, of which the event has the whole basis."""
    explanation.step, explanation.step_due_at = current.step, instant_in(current, "due_at")
    basis = explanation.step_basis = basis_from_message(current)
    if explanation.step_due_at is None or basis is None:
        return
    text = TEXTS.both("due.step.begins", step=current.step, limit=current.time_limit)
    yield explanation.by_basis(event, text, explanation.step_due_at, basis, current.step)


def resumed(explanation: DeadlineExplanation, event: Event, payload: Any, pause: Pause) -> Lines:
    """Explain the current step's date after a pause, which is a start and an end."""
    if payload.restarted:
        yield from _entered(explanation, event, payload.current)
        return
    previous, before = explanation.step_due_at, explanation.step_basis
    current, version = payload.current, payload.calendar_version
    basis = explanation.step_basis = before and before.with_pause(pause, version)
    due = instant_in(current, "due_at")
    explanation.step, explanation.step_due_at = current.step, due
    if previous is None and due is None:
        return
    text = TEXTS.both("due.step.goes_on", step=current.step)
    if before is not None and changed(before, version):
        text = counted_again(text, before.calendar_version)
    ahead = ahead_again(previous, due, pause)
    if ahead:
        text = judged_again(text)
    compute = going_on(before, basis, previous, pause, version)
    line = explanation.computed(event, text, due, version, compute, current.step)
    if payload.step_after_missed and not ahead:
        line = wrong(line, "not_ahead")
    yield line
