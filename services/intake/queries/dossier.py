"""Reads of the desk's tables. Nothing here writes, and nothing here opens sealed data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.intake_pb2 import Dossier, DossierState, FeeAccount, FeeRecord
from sqlalchemy import Connection, select

from kernel.base.instants import to_timestamp
from office.streams import DOSSIER
from services.intake.domain.state import CasePhase, ItemPhase, Phase, Progress
from services.intake.tables import DOSSIERS, FEES, KERNEL, MILESTONES
from services.intake.views.parts_json import parts_from

Row = Mapping[str, Any]
_C: Final = DOSSIERS.c


def dossier_row(connection: Connection, code: str) -> Row | None:
    """Read one dossier."""
    found = connection.execute(select(DOSSIERS).where(_C.dossier_code == code)).first()
    return None if found is None else dict(found._mapping)


def history_events(connection: Connection, code: str, source: str = "intake") -> list[Event]:
    """Read a dossier's own events, and those of other services that the history has."""
    events = KERNEL.events.c
    own = select(events.body).where(
        events.stream_id == code, events.stream_kind == DOSSIER, events.source == source
    )
    others = select(MILESTONES.c.body).where(MILESTONES.c.dossier_code == code)
    bodies = [*connection.execute(own).scalars(), *connection.execute(others).scalars()]
    return [Event.FromString(body) for body in bodies]


def progress_of(row: Row | None) -> Progress:
    """Return the progress at routing and postal that a row holds."""
    if row is None:
        return Progress()
    return Progress(
        case=CasePhase(row["case_phase"] or ""),
        round=row["round"] or 0,
        asked=_copies(row["requested_parts"]),
        declined=row["declined"] or 0,
        item=ItemPhase(row["item_phase"] or ""),
    )


def _copies(requested: str | None) -> dict[str, int]:
    """Return the copies of each part that is asked for; two notes may be on one part."""
    asked: dict[str, int] = {}
    for part in parts_from(requested):
        asked[part.code] = max(asked.get(part.code, 1), part.copies)
    return asked


OF_PHASE: Final = {
    Phase.SUBMITTED.value: DossierState.DOSSIER_STATE_SUBMITTED,
    Phase.REFUSED.value: DossierState.DOSSIER_STATE_REFUSED,
    Phase.WITHDRAWN.value: DossierState.DOSSIER_STATE_WITHDRAWN,
    Phase.RETURNED.value: DossierState.DOSSIER_STATE_RETURNED,
}
OF_CASE: Final = {
    CasePhase.RESOLVED.value: DossierState.DOSSIER_STATE_RESOLVED,
    CasePhase.WITHDRAWN.value: DossierState.DOSSIER_STATE_WITHDRAWN,
    CasePhase.CLOSED.value: DossierState.DOSSIER_STATE_REFUSED,
    CasePhase.PAYING.value: DossierState.DOSSIER_STATE_PAYMENT_REQUESTED,
    CasePhase.STOPPED.value: DossierState.DOSSIER_STATE_STOPPED,
}


def state_of(row: Row) -> DossierState:
    """Return the state of a dossier. ``dossier_list`` has the same rule in SQL."""
    own = OF_PHASE.get(row["phase"])
    if own is not None:
        return own
    case = OF_CASE.get(row["case_phase"])
    if case is not None:
        return case
    if _waits_for_papers(row):
        return DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED
    return DossierState.DOSSIER_STATE_IN_PROCESSING


def _waits_for_papers(row: Row) -> bool:
    asked = row["case_phase"] == CasePhase.SUSPENDED.value
    return asked and (row["round"] or 0) > (row["answered_round"] or 0)


def due_of(row: Row) -> int | None:
    """Return the promised date as it is now: routing's once a case is open, the desk's before."""
    due = row["case_due_at"] if row["case_phase"] else row["promised_at"]
    return None if due is None else int(due)


def account(fees: FeesDue, phi_paid: int, le_phi_paid: int, exempt_group: str) -> FeeAccount:
    """Describe what is owed and what was paid. ``fees.FeeAccount.settled`` has the same rule."""
    counted = fees.phi_open or fees.le_phi_open
    paid = phi_paid >= fees.phi and le_phi_paid >= fees.le_phi
    return FeeAccount(
        timing=fees.timing,
        phi_due=fees.phi,
        le_phi_due=fees.le_phi,
        counted=counted,
        exempt_groups=fees.exempt_groups,
        phi_paid=phi_paid,
        le_phi_paid=le_phi_paid,
        exempt_group=exempt_group,
        settled=bool(exempt_group) or (paid and bool(phi_paid or le_phi_paid or not counted)),
    )


def account_of(row: Row) -> FeeAccount | None:
    """Describe what a dossier owes and what was paid; None when nothing is to be paid."""
    if not row["fees"]:
        return None
    fees = FeesDue.FromString(row["fees"])
    return account(fees, row["phi_paid"], row["le_phi_paid"], row["exempt_group"])


def fee_records(connection: Connection, code: str) -> list[FeeRecord]:
    """Read what was recorded of payments, the oldest first."""
    found = connection.execute(
        select(FEES).where(FEES.c.dossier_code == code).order_by(FEES.c.sequence)
    )
    return [
        FeeRecord(
            sequence=row.sequence,
            recorded_at=to_timestamp(row.recorded_at),
            phi=row.phi,
            le_phi=row.le_phi,
            phi_receipt=row.phi_receipt,
            le_phi_receipt=row.le_phi_receipt,
            method=row.method,
            exempt_group=row.exempt_group,
            cancelled_because=row.cancelled_because or "",
        )
        for row in found
    ]


def describe(row: Row) -> Dossier:
    """Describe a dossier; nothing personal is in it."""
    state = state_of(row)
    ended_by_case = row["case_phase"] in (CasePhase.WITHDRAWN.value, CasePhase.CLOSED.value)
    closed_at = row["case_ended_at"] if ended_by_case else row["closed_at"]
    waits = state == DossierState.DOSSIER_STATE_SUPPLEMENT_REQUESTED
    resolved = row["case_phase"] == CasePhase.RESOLVED.value
    pending = row["withdrawals"] > (row["declined"] or 0) and not ended_by_case
    return Dossier(
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"],
        procedure_version=row["procedure_version"],
        field=row["field"],
        unit=row["unit"],
        channel=row["channel"],
        result_channel=row["result_channel"],
        state=state,
        supplement_round=row["round"] if waits else 0,
        withdrawal_requested=pending,
        item_number=row["item_number"] or "",
        time_zone=row["time_zone"],
        imported_from=row["imported_from"],
        fees=account_of(row),
        submitted_at=to_timestamp(row["submitted_at"]),
        answer_due_at=to_timestamp(row["answer_due_at"]),
        accepted_at=to_timestamp(row["accepted_at"]),
        due_at=to_timestamp(due_of(row)),
        resolved_at=to_timestamp(row["case_ended_at"]) if resolved else None,
        closed_at=to_timestamp(closed_at),
    )
