"""Pauses that put a date in doubt, from the events of one dossier. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1.case_events_pb2 import (
    CaseCorrected,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import HOUR, MINUTE, instant_in, to_us
from kernel.eventsourcing.envelope import payload_of
from office.worktime.calendars.model import Calendar
from office.worktime.working_time import working_us

SHORT_US: Final = 5 * MINUTE
LAST_US: Final = HOUR
"""Working time before the due date."""
CalendarOf = Callable[[str], Calendar | None]


RELEVANT: Final = sorted(
    kind.DESCRIPTOR.full_name for kind in (SupplementRequested, CaseResumed, CaseCorrected)
)
"""The types of events without one of which a dossier has no finding."""


class Finding(NamedTuple):
    """What puts a date in doubt; instants in microseconds."""

    at: int
    kind: int
    until: int | None
    moved_us: int
    parts: tuple[str, ...]
    actor: str


@dataclass(slots=True)
class _Pause:
    at: int
    actor: str
    due_at: int | None
    same_parts: tuple[str, ...] = ()


@dataclass(slots=True)
class DoubtedPauses:
    """The fold of a dossier's events."""

    calendar_of: CalendarOf
    findings: list[Finding] = field(default_factory=list)
    moved_us: int = 0
    """By how much pauses in doubt have moved the promised date."""
    due_at: int | None = None
    _pause: _Pause | None = None
    _asked: set[str] = field(default_factory=set)
    _resolved: bool = False

    def take(self, event: Event) -> None:
        """Take the next event."""
        payload, at = payload_of(event), to_us(event.occurred_at)
        match payload:
            case DossierAccepted() | DeadlineExtended():
                self.due_at = instant_in(payload, "due_at") or self.due_at
            case DeadlineRecalculated() if payload.scope == DeadlineScope.DEADLINE_SCOPE_DOSSIER:
                self.due_at = instant_in(payload, "due_at")
            case SupplementRequested():
                parts = {part.code for part in payload.parts}
                again = tuple(sorted(parts & self._asked))
                self._asked |= parts
                self._pause = _Pause(at, event.actor.id, self.due_at, again)
            case CaseSuspended():
                self._pause = _Pause(at, event.actor.id, self.due_at)
            case CaseResumed():
                self._resume(payload, at)
            case CaseResolved():
                self._resolved = True
            case CaseCorrected() if self._resolved:
                kind = pb.PAUSE_FINDING_KIND_CORRECTED
                self.findings.append(Finding(at, kind, None, 0, (), event.actor.id))

    def _resume(self, payload: Any, at: int) -> None:
        pause, self._pause = self._pause, None
        since = to_us(payload.suspended_at)
        until = instant_in(payload, "resumed_at") or at
        before, self.due_at = instant_in(payload, "previous_due_at"), instant_in(payload, "due_at")
        if pause is None:
            pause = _Pause(since, "", before)
        moved = 0 if before is None or self.due_at is None else self.due_at - before
        calendar = self.calendar_of(payload.calendar_version)
        kinds = list(_kinds(pause, until, calendar))
        for kind in kinds:
            parts = pause.same_parts if kind == pb.PAUSE_FINDING_KIND_SAME_PART else ()
            self.findings.append(Finding(pause.at, kind, until, moved, parts, pause.actor))
        if kinds:
            self.moved_us += moved

    def ended(self) -> list[Finding]:
        """Return all findings, in order; also those of a pause that goes on."""
        open_ones: list[Finding] = []
        if self._pause is not None and self._pause.same_parts:
            pause, kind = self._pause, pb.PAUSE_FINDING_KIND_SAME_PART
            open_ones.append(Finding(pause.at, kind, None, 0, pause.same_parts, pause.actor))
        return sorted([*self.findings, *open_ones])


def _kinds(pause: _Pause, until: int, calendar: Calendar | None) -> Iterable[int]:
    if until - pause.at < SHORT_US:
        yield pb.PAUSE_FINDING_KIND_SHORT
    left = None
    if calendar is not None and pause.due_at is not None:
        left = working_us(calendar, pause.at, pause.due_at)
    if left is not None and 0 <= left < LAST_US:
        yield pb.PAUSE_FINDING_KIND_LAST_HOUR
    if pause.same_parts:
        yield pb.PAUSE_FINDING_KIND_SAME_PART


def doubted_pauses(events: Iterable[Event], calendar_of: CalendarOf) -> DoubtedPauses:
    """Return what the events of a dossier hold."""
    found = DoubtedPauses(calendar_of)
    for event in events:
        found.take(event)
    return found
