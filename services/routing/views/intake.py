"""What intake's events about a dossier change in routing's rows: columns that no state holds."""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    WithdrawalRequested,
)

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.tables import CASES, CHILDREN


def _submitted(uow: UnitOfWork, event: Event, payload: DossierSubmitted) -> None:
    uow.change(
        CASES,
        event.stream_id,
        procedure_code=payload.procedure_code,
        dossier_unit=payload.unit,
        channel=payload.channel,
        result_channel=payload.result_channel,
        imported_from=payload.imported_from,
        level=payload.level,
        parent_code=payload.parent_code,
        parent_number=payload.parent_number,
        received_unit=event.actor.unit,
    )
    if payload.parent_code:
        code = event.stream_id
        uow.change(CHILDREN, payload.parent_code, payload.parent_number, child_code=code)


def _accepted(uow: UnitOfWork, event: Event, payload: DossierAccepted) -> None:
    uow.change(
        CASES,
        event.stream_id,
        time_limit=payload.time_limit,
        calendar_version=payload.calendar_version,
        resume_policy=payload.resume_policy,
        supplement_rounds=payload.supplement_rounds
        if payload.HasField("supplement_rounds")
        else None,
        supplement_period=payload.supplement_period,
        result_kind=payload.result_kind,
    )


def _withdrawal_requested(uow: UnitOfWork, event: Event, payload: WithdrawalRequested) -> None:
    """Count the citizen's wishes to withdraw, and keep the last."""
    row = uow.get(CASES, event.stream_id) or {}
    reason = payload.reason.SerializeToString() if payload.HasField("reason") else None
    uow.change(
        CASES,
        event.stream_id,
        withdrawals=(row.get("withdrawals") or 0) + 1,
        withdrawal_reason=reason,
        withdrawal_requested_at=to_us(event.occurred_at),
    )


PROJECTIONS: dict[type[Message], Projection] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    WithdrawalRequested: _withdrawal_requested,
}
