"""A case as its events have made it: what decisions need to know, and what the rows show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import CaseResumed, CaseSuspended, SupplementRequested
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.frozen_copy import replace
from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.envelope import payload_as, payload_of
from office.worktime.deadline_basis import DeadlineBasis
from services.routing.domain.collaboration_state import NOTHING, Work
from services.routing.domain.due_dates import Cause, DueDate, cause_in


class CaseStatus(StrEnum):
    """Where a case stands."""

    NONE = "none"
    """No case is open."""
    RUNNING = "running"
    SUSPENDED = "suspended"
    """The clock stands still; ``Suspension`` says why."""
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    """Papers were not handed in in time, and an officer closed the case."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why and since when the clock stands still."""

    kind: SuspensionKind
    since: int
    end: DueDate | None = None
    """The citizen's time to answer or pay, or the end that is expected."""
    phi: int = 0
    le_phi: int = 0
    """What is to be paid, in đồng."""
    reason: str = ""
    counterpart: str = ""
    """Whose answer is awaited, where another body is asked."""
    actor: str = ""
    """The id of who stopped the clock."""


@dataclass(frozen=True, slots=True)
class Opening:
    """When a case was opened, and the first promise; instants in microseconds UTC."""

    at: int
    due_at: int | None


@dataclass(frozen=True, slots=True)
class Extension:
    """When a promise was moved, and the number of the letter of apology."""

    at: int
    apology_number: str


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case ended, and when (microseconds UTC); the result's words are in ``Work``."""

    at: int
    result: int = 0
    file_sha256: str = ""
    reason: str = ""
    """Why it was closed; empty for one that was not."""
    suspension: Suspension | None = None
    """What was waited for when it was closed: papers may turn out to have come."""


@dataclass(frozen=True, slots=True)
class State:
    """A case, as far as decisions and rows need it."""

    status: CaseStatus = CaseStatus.NONE
    process: str = ""
    version: int = 0
    step: str = ""
    unit: str = ""
    """The unit that has to do the current step."""
    role: str = ""
    """The role in that unit."""
    assignee: str = ""
    done: tuple[str, ...] = ()
    """The steps that led to the current one; what was sent back is not among them."""
    dossier_limit: DueDate | None = None
    same_day: bool = False
    """The dossier is promised for the day of its receipt, by the rule of the cut-off."""
    step_limit: DueDate | None = None
    first_action: DueDate | None = None
    """By when somebody is to have begun on the step; None once somebody has."""
    suspension: Suspension | None = None
    extended_to: int | None = None
    """The date to which the promise was moved with an apology: that can't be done twice."""
    round: int = 0
    """Counts the requests for a supplement."""
    declined: int = 0
    """Counts the wishes to withdraw that were declined."""
    imported: bool = False
    complete: bool = False
    """Another system's history is complete."""
    recorded: int = 0
    work: Work = NOTHING
    """How the case is shared among officers and units."""
    opening: Opening | None = None
    extension: Extension | None = None
    ending: Ending | None = None

    @property
    def suspended_at(self) -> int | None:
        """The instant from which the clock stands still; None while it runs."""
        return None if self.suspension is None else self.suspension.since

    @property
    def open(self) -> bool:
        """Return whether the case is open, its clock running or not."""
        return self.status is CaseStatus.RUNNING or self.status is CaseStatus.SUSPENDED

    @property
    def watched(self) -> bool:
        """Return whether its due dates count at present."""
        return self.status is CaseStatus.RUNNING and self.own

    @property
    def own(self) -> bool:
        """Return whether nothing of another system's history is still to come."""
        return self.complete or not self.imported

    def before(self, target: str) -> tuple[str, ...]:
        """Return the steps that lead to an earlier one to which the case is sent back."""
        place = max((i for i, name in enumerate(self.done) if name == target), default=0)
        return self.done[:place]


INITIAL = State()


_SUPPLEMENT = SuspensionKind.SUSPENSION_KIND_SUPPLEMENT


def suspension_in(event: Event) -> Suspension:
    """Return the suspension that a ``SupplementRequested`` or ``CaseSuspended`` begins."""
    since, cause, payload = to_us(event.occurred_at), cause_in(event), payload_of(event)
    if isinstance(payload, SupplementRequested):
        end = _end_in(payload, "answer_due_at", cause)
        if end is not None and payload.time_limit:
            basis = DeadlineBasis(since, payload.time_limit, payload.calendar_version)
            end = replace(end, basis=basis)
        return Suspension(_SUPPLEMENT, since, end, reason=payload.reason, actor=event.actor.id)
    suspended = payload_as(event, CaseSuspended)
    return Suspension(
        suspended.kind,
        since,
        _end_in(suspended, "expected_end_at", cause),
        suspended.payment.phi,
        suspended.payment.le_phi,
        suspended.reason,
        suspended.counterpart,
        event.actor.id,
    )


def resumed_at(event: Event) -> int:
    """Return the instant from which a ``CaseResumed`` lets the clock go on."""
    at = instant_in(payload_as(event, CaseResumed), "resumed_at")
    return to_us(event.occurred_at) if at is None else at


def _end_in(message: Any, field: str, cause: Cause) -> DueDate | None:
    at = instant_in(message, field)
    return None if at is None else DueDate(at, instant_in(message, "warn_at"), cause=cause)


Key = tuple[int, int]
"""Names a due date of a case: its scope, and the number of the consultation; 0 for the others."""


_DOSSIER = DeadlineScope.DEADLINE_SCOPE_DOSSIER, 0
_STEP = DeadlineScope.DEADLINE_SCOPE_STEP, 0
_SUSPENSION = DeadlineScope.DEADLINE_SCOPE_SUSPENSION, 0
_FIRST_ACTION = DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION, 0
_CONSULTATION = DeadlineScope.DEADLINE_SCOPE_CONSULTATION


def limits(state: State) -> dict[Key, DueDate | None]:
    """Return everything that can come near and pass."""
    suspension = state.suspension
    found: dict[Key, DueDate | None] = {
        _DOSSIER: state.dossier_limit,
        _STEP: state.step_limit,
        _SUSPENSION: None if suspension is None else suspension.end,
        _FIRST_ACTION: state.first_action,
    }
    for each in state.work.asked:
        found[_CONSULTATION, each.number] = each.limit if each.open else None
    return found
