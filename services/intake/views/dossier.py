"""Read model (projection) of dossiers: event in, rows out; a function of the events alone.

A row begins with whichever event comes first; a column is written by one source only, so own events
(seen when they are written) and others' (seen when they are read) may come in any order between
them.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.catalogue.dossier_code import parse_code
from services.intake.domain.desk_check import check_in
from services.intake.domain.fees import opened
from services.intake.domain.state import Phase
from services.intake.tables import CODE_COUNTERS, DOSSIERS
from services.intake.views import access_index, case_progress, files, payments
from services.intake.views.parts_json import parts_from, parts_json


def _change(uow: UnitOfWork, event: Event, **values: Any) -> None:
    uow.change(DOSSIERS, event.stream_id, **values)


def submitted(uow: UnitOfWork, event: Event, payload: DossierSubmitted) -> None:
    """Enter the dossier, and remember that its number is used."""
    check = None if opened(payload.fees).holds_acceptance else check_in(payload)
    _change(
        uow,
        event,
        procedure_code=payload.procedure_code,
        procedure_version=payload.procedure_version,
        field=payload.field,
        unit=payload.unit,
        channel=payload.channel,
        result_channel=payload.result_channel,
        time_zone=payload.time_zone,
        imported_from=payload.imported_from,
        submitted_at=to_us(event.occurred_at),
        answer_due_at=instant_in(payload, "answer_due_at"),
        check_alarm_at=check.alarm_at if check else None,
        applicant=payload.applicant.SerializeToString() if payload.HasField("applicant") else None,
        parts=parts_json(payload.parts),
        phase=Phase.SUBMITTED.value,
        answered_round=0,
        withdrawals=0,
        fees=payload.fees.SerializeToString() if payload.HasField("fees") else None,
        phi_paid=0,
        le_phi_paid=0,
        exempt_group="",
    )
    access_index.unit_takes_part(uow, event.stream_id, event.actor.unit)
    code = parse_code(event.stream_id)
    if code is not None:
        row = uow.get(CODE_COUNTERS, code.agency, code.day)
        if row is None or row["number"] < code.number:
            uow.put(CODE_COUNTERS, code._asdict())


def accepted(uow: UnitOfWork, event: Event, payload: DossierAccepted) -> None:
    """Note the acceptance and what was promised."""
    _change(
        uow,
        event,
        phase=Phase.ACCEPTED.value,
        check_alarm_at=None,
        accepted_at=to_us(event.occurred_at),
        promised_at=instant_in(payload, "due_at"),
    )


def refused(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note the refusal."""
    at = to_us(event.occurred_at)
    _change(uow, event, phase=Phase.REFUSED.value, check_alarm_at=None, closed_at=at)


def check_approaching(uow: UnitOfWork, event: Event, payload: DeskCheckApproaching) -> None:
    """Note that the desk's time is nearly over; the next alarm is at its end."""
    due = instant_in(payload, "answer_due_at")
    _change(uow, event, check_alarm_at=due)


def check_missed(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the desk's time has ended; there is no further alarm."""
    _change(uow, event, check_alarm_at=None)


def supplemented(uow: UnitOfWork, event: Event, payload: SupplementSubmitted) -> None:
    """Add the papers behind the others."""
    row = uow.get(DOSSIERS, event.stream_id)
    before = parts_from(row["parts"] if row else None)
    _change(uow, event, answered_round=payload.round, parts=parts_json([*before, *payload.parts]))


def withdrawal_requested(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Count the citizen's wish."""
    row = uow.get(DOSSIERS, event.stream_id)
    _change(uow, event, withdrawals=((row["withdrawals"] if row else 0) or 0) + 1)


def withdrawn(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the dossier was withdrawn at the desk."""
    at = to_us(event.occurred_at)
    _change(uow, event, phase=Phase.WITHDRAWN.value, check_alarm_at=None, closed_at=at)


def returned(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the citizen has the result."""
    _change(uow, event, phase=Phase.RETURNED.value, closed_at=to_us(event.occurred_at))


PROJECTIONS: Final[dict[type[Message], Projection]] = {
    DossierSubmitted: submitted,
    DossierAccepted: accepted,
    DossierRefused: refused,
    DeskCheckApproaching: check_approaching,
    DeskCheckMissed: check_missed,
    SupplementSubmitted: supplemented,
    WithdrawalRequested: withdrawal_requested,
    DossierWithdrawn: withdrawn,
    ResultReturned: returned,
    **case_progress.PROJECTIONS,
    **payments.PROJECTIONS,
    **files.PROJECTIONS,
    **access_index.PROJECTIONS,
}
