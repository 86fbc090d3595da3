"""Brings the desk's tables up to date with events: functions of the events alone.

A row begins with whichever event comes first; a column is written by one source only, so own events
(seen when they are written) and others' (seen when they are read) may come in any order between
them.
"""

from __future__ import annotations

from typing import Any, Final

from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.catalogue.dossier_code import parse_code
from services.intake.domain.desk_check import check_in
from services.intake.domain.fees import opened
from services.intake.domain.state import Phase
from services.intake.tables import CODE_COUNTERS, DOSSIERS
from services.intake.views import access_index, case_progress, payments
from services.intake.views.parts_json import parts_from, parts_json


def _change(uow: UnitOfWork, event: DossierEvent, **values: Any) -> None:
    uow.change(DOSSIERS, event.dossier_code, **values)


def submitted(uow: UnitOfWork, event: DossierEvent) -> None:
    """Enter the dossier, and remember that its number is used."""
    it = event.dossier_submitted
    check = None if opened(it.fees).holds_acceptance else check_in(it)
    _change(
        uow,
        event,
        procedure_code=it.procedure_code,
        procedure_version=it.procedure_version,
        field=it.field,
        unit=it.unit,
        channel=it.channel,
        result_channel=it.result_channel,
        time_zone=it.time_zone,
        imported_from=it.imported_from,
        submitted_at=to_us(event.occurred_at),
        answer_due_at=instant_in(it, "answer_due_at"),
        check_alarm_at=check.alarm_at if check else None,
        applicant=it.applicant.SerializeToString() if it.HasField("applicant") else None,
        parts=parts_json(it.parts),
        phase=Phase.SUBMITTED.value,
        answered_round=0,
        withdrawals=0,
        fees=it.fees.SerializeToString() if it.HasField("fees") else None,
        phi_paid=0,
        le_phi_paid=0,
        exempt_group="",
    )
    access_index.unit_takes_part(uow, event.dossier_code, event.actor.unit)
    code = parse_code(event.dossier_code)
    if code is not None:
        row = uow.get(CODE_COUNTERS, code.agency, code.day)
        if row is None or row["number"] < code.number:
            uow.put(CODE_COUNTERS, code._asdict())


def accepted(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the acceptance and what was promised."""
    it = event.dossier_accepted
    _change(
        uow,
        event,
        phase=Phase.ACCEPTED.value,
        check_alarm_at=None,
        accepted_at=to_us(event.occurred_at),
        promised_at=instant_in(it, "due_at"),
    )


def refused(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the refusal."""
    at = to_us(event.occurred_at)
    _change(uow, event, phase=Phase.REFUSED.value, check_alarm_at=None, closed_at=at)


def check_approaching(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that it was said that the desk's time is nearly over: its end is said next."""
    due = instant_in(event.desk_check_approaching, "answer_due_at")
    _change(uow, event, check_alarm_at=due)


def check_missed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that it was said that the desk's time has ended."""
    _change(uow, event, check_alarm_at=None)


def supplemented(uow: UnitOfWork, event: DossierEvent) -> None:
    """Add the papers behind the others."""
    row = uow.get(DOSSIERS, event.dossier_code)
    before = parts_from(row["parts"] if row else None)
    it = event.supplement_submitted
    _change(uow, event, answered_round=it.round, parts=parts_json([*before, *it.parts]))


def withdrawal_requested(uow: UnitOfWork, event: DossierEvent) -> None:
    """Count the citizen's wish."""
    row = uow.get(DOSSIERS, event.dossier_code)
    _change(uow, event, withdrawals=((row["withdrawals"] if row else 0) or 0) + 1)


def withdrawn(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the dossier was let go at the desk."""
    at = to_us(event.occurred_at)
    _change(uow, event, phase=Phase.WITHDRAWN.value, check_alarm_at=None, closed_at=at)


def returned(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the citizen has the result."""
    _change(uow, event, phase=Phase.RETURNED.value, closed_at=to_us(event.occurred_at))


PROJECTIONS: Final[dict[str, Projection]] = {
    "dossier_submitted": submitted,
    "dossier_accepted": accepted,
    "dossier_refused": refused,
    "desk_check_approaching": check_approaching,
    "desk_check_missed": check_missed,
    "supplement_submitted": supplemented,
    "withdrawal_requested": withdrawal_requested,
    "dossier_withdrawn": withdrawn,
    "result_returned": returned,
    **case_progress.PROJECTIONS,
    **payments.PROJECTIONS,
    **access_index.PROJECTIONS,
}
