"""Due dates as decisions keep them: what events set, what was said of it, how it was computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import event_parts_pb2
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.frozen_copy import replace
from kernel.base.instants import instant_in, to_us
from office.worktime.deadline_basis import DeadlineBasis, basis_from_message


@dataclass(frozen=True, slots=True)
class EscalationLevel:
    """Who above the officer is notified of a due date, and when (microseconds UTC)."""

    name: str
    unit: str
    role: str
    at: int


@dataclass(frozen=True, slots=True)
class Cause:
    """The event that set something which later leads to events by itself."""

    event_id: str
    correlation_id: str


def cause_in(event: Event) -> Cause:
    """Return an event as the cause of others."""
    return Cause(event.event_id, event.correlation_id)


@dataclass(frozen=True, slots=True)
class DueDate:
    """A due date, when to warn of it, and what was said of it; instants in microseconds UTC."""

    due_at: int
    warn_at: int | None = None
    warned: bool = False
    missed: bool = False
    escalation_levels: tuple[EscalationLevel, ...] = ()
    levels_notified: int = 0
    """How many of the levels, from the first, were notified."""
    basis: DeadlineBasis | None = None
    """How it was computed; None for a date that was not."""
    cause: Cause | None = None
    """The event that set it; None for one that no event has set yet."""


def limit_in(
    message: Any, cause: Cause | None, basis: DeadlineBasis | None = None
) -> DueDate | None:
    """Return the due date, warning and escalation levels that a message sets; None when it has no
    due date.
    """
    due_at = instant_in(message, "due_at")
    if due_at is None:
        return None
    levels = tuple([_level(part) for part in getattr(message, "escalation_levels", ())])
    return DueDate(due_at, instant_in(message, "warn_at"), False, False, levels, 0, basis, cause)


def counted_limit(message: Any, cause: Cause | None) -> DueDate | None:
    """Return the due date that a message sets, with the basis by which it was computed."""
    return limit_in(message, cause, basis_from_message(message))


def _level(message: event_parts_pb2.EscalationLevel) -> EscalationLevel:
    return EscalationLevel(message.name, message.unit, message.role, to_us(message.at))


def first_action_in(current: CurrentStep, cause: Cause | None = None) -> DueDate | None:
    """Return the time in which somebody is to have begun on a step; None when it has none."""
    at = instant_in(current, "first_action_due_at")
    if at is None:
        return None
    start_at = instant_in(current, "first_action_started_at")
    basis = (
        None
        if start_at is None
        else DeadlineBasis(start_at, current.first_action_limit, current.calendar_version)
    )
    return DueDate(at, instant_in(current, "first_action_warn_at"), basis=basis, cause=cause)


def relaid(old: DueDate, payload: Any, event: Event) -> DueDate:
    """Return a due date that a ``DeadlineRecalculated`` has recalculated."""
    basis = old.basis and old.basis.counted_by(payload.calendar_version)
    new = limit_in(payload, cause_in(event), basis)
    assert new is not None, "a recalculated due date is there"
    return in_place_of(old, new, to_us(event.occurred_at))


def in_place_of(old: DueDate, new: DueDate, at: int) -> DueDate:
    """Return a due date that took the place of another at an instant.

    What was said of the old date stays said only where it is true of the new one: a promise that
    lies ahead again is warned of, told of and missed as such. Of one that has not moved nothing is
    said again, whenever another calendar would say it.
    """
    if new.due_at == old.due_at:
        return replace(
            new,
            warned=old.warned,
            missed=old.missed,
            levels_notified=min(old.levels_notified, len(new.escalation_levels)),
        )
    return replace(
        new,
        warned=old.warned and (new.warn_at is None or new.warn_at <= at),
        missed=old.missed and new.due_at <= at,
        levels_notified=min(
            old.levels_notified, sum(level.at <= at for level in new.escalation_levels)
        ),
    )
