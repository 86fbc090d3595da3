"""Phí and lệ phí at the desk: what a dossier owes, what was paid, who pays nothing.

Pure. What is owed is written into the dossier's first event, from its version of the procedure;
what was paid is the fold of what the desk recorded. Amounts are đồng.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from google.protobuf.message import Message
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.base.errors import Refusal, Violation
from office.catalogue.model import FeeKind, Procedure
from services.intake.domain.desk_check import DeskCheck, set_check
from services.intake.domain.refusals import refusal, violation


class Payment(Protocol):
    """What a request to record a payment says."""

    phi: int
    le_phi: int
    phi_receipt: str
    le_phi_receipt: str
    method: str
    exempt_group: str


@dataclass(frozen=True, slots=True)
class FeeRecord:
    """A payment or an exemption that counts; ``sequence`` is that of its event."""

    sequence: int
    phi: int
    le_phi: int
    receipts: frozenset[str]
    exempt_group: str


@dataclass(frozen=True, slots=True)
class FeeAccount:
    """What a dossier owes, and what came."""

    timing: int = FeeTiming.FEE_TIMING_UNSPECIFIED
    phi: int = 0
    le_phi: int = 0
    phi_open: bool = False
    """More than ``phi`` may be owed."""
    le_phi_open: bool = False
    exempt_groups: tuple[str, ...] = ()
    records: tuple[FeeRecord, ...] = ()

    @property
    def phi_paid(self) -> int:
        """The phí that came."""
        return sum(record.phi for record in self.records)

    @property
    def le_phi_paid(self) -> int:
        """The lệ phí that came."""
        return sum(record.le_phi for record in self.records)

    @property
    def exempt(self) -> bool:
        """Nothing is to be paid by this applicant."""
        return any(record.exempt_group for record in self.records)

    @property
    def settled(self) -> bool:
        """Nothing is owed any more. A price by the page is settled by what the desk counted."""
        if not self.timing or self.exempt:
            return True
        came = any(record.phi or record.le_phi for record in self.records)
        counted = came or not (self.phi_open or self.le_phi_open)
        return counted and self.phi_paid >= self.phi and self.le_phi_paid >= self.le_phi

    @property
    def holds_acceptance(self) -> bool:
        """The dossier can't be accepted before it is paid."""
        return self.timing == FeeTiming.FEE_TIMING_BEFORE and not self.settled


NOTHING_OWED: Final = FeeAccount()


def due(procedure: Procedure) -> FeesDue | None:
    """Return what a dossier of this version owes; None for nothing."""
    if not procedure.fees:
        return None
    return FeesDue(
        timing=FeeTiming.Name(procedure.fee_timing),
        phi=procedure.owed(FeeKind.PHI),
        le_phi=procedure.owed(FeeKind.LE_PHI),
        phi_open=procedure.open_ended(FeeKind.PHI),
        le_phi_open=procedure.open_ended(FeeKind.LE_PHI),
        exempt_groups=[group.code for group in procedure.exempt],
    )


def opened(fees: FeesDue) -> FeeAccount:
    """Begin a dossier's account."""
    return FeeAccount(
        fees.timing,
        fees.phi,
        fees.le_phi,
        fees.phi_open,
        fees.le_phi_open,
        tuple(fees.exempt_groups),
    )


def recorded(account: FeeAccount, sequence: int, payload: FeeRecorded) -> FeeAccount:
    """Count a payment or an exemption."""
    receipts = frozenset({payload.phi_receipt, payload.le_phi_receipt} - {""})
    record = FeeRecord(sequence, payload.phi, payload.le_phi, receipts, payload.exempt_group)
    return replace(account, records=(*account.records, record))


def cancelled(account: FeeAccount, sequence: int) -> FeeAccount:
    """Count a record no more."""
    kept = tuple(record for record in account.records if record.sequence != sequence)
    return replace(account, records=kept)


def violations(request: Payment) -> Iterator[Violation]:
    """Return what is wrong with a request to record a payment or an exemption, by itself."""
    money = request.phi or request.le_phi
    receipts = request.phi_receipt or request.le_phi_receipt
    if request.exempt_group:
        if money or receipts or request.method:
            yield violation("exempt_group", "fee.exempt_or_paid")
        return
    if not money:
        yield violation("phi", "fee.nothing")
    if not request.method:
        yield violation("method", "required")
    for kind in ("phi", "le_phi"):
        if bool(getattr(request, kind)) != bool(getattr(request, f"{kind}_receipt")):
            yield violation(f"{kind}_receipt", "fee.receipt")
    if request.phi_receipt and request.phi_receipt == request.le_phi_receipt:
        yield violation("le_phi_receipt", "fee.receipt_twice")


def record(
    account: FeeAccount, request: Payment, check: DeskCheck | None
) -> Sequence[Message] | Refusal:
    """Record a payment or an exemption.

    ``check``: the desk's time to answer what is settled now, where that begins again; else None.
    """
    if no := _refused(account, request):
        return no
    made = FeeRecorded(
        phi=request.phi,
        le_phi=request.le_phi,
        phi_receipt=request.phi_receipt,
        le_phi_receipt=request.le_phi_receipt,
        method=request.method,
        exempt_group=request.exempt_group,
    )
    held = account.holds_acceptance
    after = recorded(account, 0, made)
    made.settled = after.settled
    if held and not after.holds_acceptance:
        set_check(made, check)
    return [made]


def _refused(account: FeeAccount, request: Payment) -> Refusal | None:
    if not account.timing:
        return refusal("NO_FEE")
    if account.settled and (account.exempt or request.exempt_group or not _may_grow(account)):
        return refusal("ALREADY_PAID")
    if request.exempt_group:
        known = request.exempt_group in account.exempt_groups
        return None if known else refusal("NOT_EXEMPT")
    over_phi = account.phi_paid + request.phi > account.phi and not account.phi_open
    over_le_phi = account.le_phi_paid + request.le_phi > account.le_phi and not account.le_phi_open
    if (request.phi and over_phi) or (request.le_phi and over_le_phi):
        return refusal("FEE_TOO_MUCH")
    return None


def _may_grow(account: FeeAccount) -> bool:
    return account.phi_open or account.le_phi_open


def cancel(
    account: FeeAccount, sequence: int, reason: str, *, accepted: bool
) -> Sequence[Message] | Refusal:
    """Take back a record that was a mistake; ``accepted``: the dossier has been."""
    if sequence not in {record.sequence for record in account.records}:
        return refusal("NO_SUCH_RECORD")
    holds = not accepted and cancelled(account, sequence).holds_acceptance
    return [FeeCancelled(sequence=sequence, reason=reason, holds_acceptance=holds)]
