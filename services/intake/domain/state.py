"""What decisions of the desk need to know of a dossier.

``State`` is the fold of the desk's own events, ``Progress`` what those of routing and postal add.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    FormPrinted,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded

from kernel.eventsourcing.envelope import payload_of
from services.intake.domain import fees
from services.intake.domain.desk_check import DeskCheck, check_in
from services.intake.domain.fees import NOTHING_OWED, FeeAccount

Print = tuple[str, str, int]
"""A kind of form, and the source and sequence of the event that it tells."""


class Phase(StrEnum):
    """The phases of a dossier by the desk's own events."""

    ABSENT = "absent"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


class CasePhase(StrEnum):
    """The phases of a case by routing's events; empty before a case is open."""

    NONE = ""
    RUNNING = "running"
    SUSPENDED = "suspended"
    PAYING = "paying"
    """Money is asked of the citizen."""
    STOPPED = "stopped"
    """Another agency is consulted, or a third party is waited for."""
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    """Papers did not come in time, and the case was returned without result."""


class ItemPhase(StrEnum):
    """The phases of the postal item by postal's events; empty before there is a job."""

    NONE = ""
    OFFERED = "offered"
    TAKEN = "taken"
    UNWANTED = "unwanted"
    """No partner is left that would carry it."""
    DELIVERED = "delivered"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class State:
    """What decisions need of the desk's own events."""

    phase: Phase = Phase.ABSENT
    procedure_code: str = ""
    procedure_version: int = 0
    channel: int = 0
    result_channel: int = 0
    imported_from: str = ""
    answered_round: int = 0
    withdrawals: int = 0
    unit: str = ""
    check: DeskCheck | None = None
    """Until when the desk is to check it; None where no such limit holds."""
    account: FeeAccount = NOTHING_OWED
    prints: Mapping[Print, int] = field(default_factory=dict)
    """How often each form was printed."""

    @property
    def awaited(self) -> DeskCheck | None:
        """The time in which the desk is to answer; None once it has, and while a fee is awaited."""
        waits = self.phase is Phase.SUBMITTED and not self.account.holds_acceptance
        return self.check if waits else None


@dataclass(frozen=True, slots=True)
class Progress:
    """What the events of routing and postal say of a dossier."""

    case: CasePhase = CasePhase.NONE
    round: int = 0
    """The number of the latest request for papers; 0 before the first."""
    declined: int = 0
    item: ItemPhase = ItemPhase.NONE
    asked: Mapping[str, int] = field(default_factory=dict)
    """The parts that the latest request for papers names, with their copies."""


def evolve(state: State, event: Event) -> State:
    """Fold one of the desk's own events."""
    match payload_of(event):
        case DossierSubmitted() as payload:
            return State(
                Phase.SUBMITTED,
                payload.procedure_code,
                payload.procedure_version,
                payload.channel,
                payload.result_channel,
                payload.imported_from,
                unit=payload.unit,
                check=check_in(payload),
                account=fees.opened(payload.fees),
            )
        case DeskCheckApproaching():
            return replace(state, check=state.check and replace(state.check, warned=True))
        case DeskCheckMissed():
            return replace(state, check=state.check and replace(state.check, missed=True))
        case DossierAccepted():
            return replace(state, phase=Phase.ACCEPTED)
        case DossierRefused():
            return replace(state, phase=Phase.REFUSED)
        case SupplementSubmitted() as payload:
            return replace(state, answered_round=payload.round)
        case WithdrawalRequested():
            return replace(state, withdrawals=state.withdrawals + 1)
        case DossierWithdrawn():
            return replace(state, phase=Phase.WITHDRAWN)
        case ResultReturned():
            return replace(state, phase=Phase.RETURNED)
        case FeeRecorded() as payload:
            account = fees.recorded(state.account, event.sequence, payload)
            return replace(state, account=account, check=check_in(payload) or state.check)
        case FormPrinted() as payload:
            key = (payload.form, payload.about_source, payload.about_sequence)
            return replace(state, prints={**state.prints, key: payload.copy + 1})
        case FeeCancelled() as payload:
            account = fees.cancelled(state.account, payload.sequence)
            return replace(state, account=account)
    return state
