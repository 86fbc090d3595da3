"""Read model of payments and of other systems' numbers."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import ExternalCodeRecorded
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.domain.desk_check import check_in
from services.intake.queries.dossier import account_of
from services.intake.tables import DOSSIERS, EXTERNAL_CODES, FEES, RECEIPTS


def fee_recorded(uow: UnitOfWork, event: Event, payload: FeeRecorded) -> None:
    """Enter the payment, and keep its receipts as used."""
    code = event.stream_id
    names = ("phi", "le_phi", "phi_receipt", "le_phi_receipt", "method", "exempt_group")
    payment = {name: getattr(payload, name) for name in names}
    at = to_us(event.occurred_at)
    key = {"dossier_code": code, "sequence": event.sequence}
    uow.put(FEES, {**key, **payment, "recorded_at": at, "cancelled_because": None})
    row = uow.get(DOSSIERS, code) or {}
    for receipt in filter(None, (payload.phi_receipt, payload.le_phi_receipt)):
        uow.add(RECEIPTS, {"unit": row.get("unit") or "", "receipt": receipt, "dossier_code": code})
    changes: dict[str, Any] = {
        "phi_paid": (row.get("phi_paid") or 0) + payload.phi,
        "le_phi_paid": (row.get("le_phi_paid") or 0) + payload.le_phi,
    }
    if payload.exempt_group:
        changes["exempt_group"] = payload.exempt_group
    check = check_in(payload)
    if check is not None:
        changes |= {"answer_due_at": check.due_at, "check_alarm_at": check.alarm_at}
    uow.change(DOSSIERS, code, **changes)


def fee_cancelled(uow: UnitOfWork, event: Event, payload: FeeCancelled) -> None:
    """Take the record out of the sums; its row stays, with the reason."""
    code = event.stream_id
    record = uow.get(FEES, code, payload.sequence)
    row = uow.get(DOSSIERS, code)
    if record is None or row is None:
        return
    uow.put(FEES, {**record, "cancelled_because": payload.reason})
    changes: dict[str, Any] = {
        "phi_paid": row["phi_paid"] - record["phi"],
        "le_phi_paid": row["le_phi_paid"] - record["le_phi"],
    }
    if record["exempt_group"]:
        changes["exempt_group"] = ""
    after = account_of({**row, **changes})
    if after and after.timing == FeeTiming.FEE_TIMING_BEFORE and not after.settled:
        changes["check_alarm_at"] = None
    uow.change(DOSSIERS, code, **changes)


def external_code_recorded(uow: UnitOfWork, event: Event, payload: ExternalCodeRecorded) -> None:
    """Remember another system's number."""
    key = {"external_code": payload.code, "system": payload.system}
    uow.add(EXTERNAL_CODES, {**key, "dossier_code": event.stream_id})


PROJECTIONS: Final[dict[type[Message], Projection]] = {
    FeeRecorded: fee_recorded,
    FeeCancelled: fee_cancelled,
    ExternalCodeRecorded: external_code_recorded,
}
