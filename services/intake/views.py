"""Brings the desk's tables up to date with events: functions of the events alone.

A row begins with whichever event comes first; a column is written by one source only, so own events
(seen when they are written) and others' (seen when they are read) may come in any order between
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import Part
from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.events.v1.routing_events_pb2 import DeadlineScope, SuspensionKind

from services.intake import desk_views, readers
from services.intake.codes import parse_code
from services.intake.paying import opened
from services.intake.state import CasePhase, ItemPhase, Phase
from services.intake.tables import CODE_COUNTERS, DOSSIERS, MILESTONES
from services.kernel.instants import to_us
from services.kernel.model import Projection
from services.kernel.unit import UnitOfWork

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def parts_json(parts: Iterable[Part]) -> str:
    """Write parts as canonical JSON."""
    rows = [{"code": p.code, "copies": p.copies, "note": p.note, "sha256": p.sha256} for p in parts]
    return _ENCODER.encode(rows)


def parts_from(text: str | None) -> list[Part]:
    """Read parts from canonical JSON."""
    return [Part(**row) for row in json.loads(text or "[]")]


def _change(uow: UnitOfWork, event: DossierEvent, **values: Any) -> None:
    uow.change(DOSSIERS, event.dossier_code, **values)


def _instant(event_field: Timestamp, present: bool) -> int | None:
    return to_us(event_field) if present else None


# -- intake ---------------------------------------------------------------------------------------


def submitted(uow: UnitOfWork, event: DossierEvent) -> None:
    """Enter the dossier, and remember that its number is used."""
    it = event.dossier_submitted
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
        answer_due_at=_instant(it.answer_due_at, it.HasField("answer_due_at")),
        check_alarm_at=None
        if opened(it.fees).holds_acceptance
        else _instant(it.answer_due_at, it.HasField("answer_due_at")),
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
    readers.unit_takes_part(uow, event.dossier_code, event.actor.unit)
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
        promised_at=_instant(it.due_at, it.HasField("due_at")),
    )


def refused(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the refusal."""
    at = to_us(event.occurred_at)
    _change(uow, event, phase=Phase.REFUSED.value, check_alarm_at=None, closed_at=at)


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


# -- routing --------------------------------------------------------------------------------------


def case_opened(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments have it."""
    it = event.case_opened
    due = _instant(it.due_at, it.HasField("due_at"))
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    readers.unit_takes_part(uow, event.dossier_code, it.current.unit)


def supplement_requested(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note which papers are asked for."""
    it = event.supplement_requested
    _change(
        uow,
        event,
        case_phase=CasePhase.SUSPENDED.value,
        round=it.round,
        requested_parts=parts_json(it.parts),
        round_answer_due_at=_instant(it.answer_due_at, it.HasField("answer_due_at")),
    )
    _milestone(uow, event)


def case_resumed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the clock goes on, with the promised date as it is now."""
    it = event.case_resumed
    due = _instant(it.due_at, it.HasField("due_at"))
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    _milestone(uow, event)


def case_suspended(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that money is asked for, or that somebody else is waited for."""
    paying = event.case_suspended.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL
    phase = CasePhase.PAYING if paying else CasePhase.STOPPED
    _change(uow, event, case_phase=phase.value)
    _milestone(uow, event)


def deadline_extended(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the promised date as it is now."""
    it = event.deadline_extended
    _change(uow, event, case_due_at=_instant(it.due_at, it.HasField("due_at")))
    _milestone(uow, event)


def deadline_recomputed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the promised date, or the citizen's time, as it is after a change of the calendar."""
    it = event.deadline_recomputed
    if it.scope == DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        _change(uow, event, case_due_at=to_us(it.due_at))
        _milestone(uow, event)
    elif it.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        _change(uow, event, round_answer_due_at=to_us(it.due_at))
        _milestone(uow, event)


def supplement_expired(uow: UnitOfWork, event: DossierEvent) -> None:
    """Tell the citizen that the time to hand in papers is over; they are still taken."""
    _milestone(uow, event)


def case_closed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments gave the dossier back."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.CLOSED.value, case_ended_at=at)
    _milestone(uow, event)


def case_resolved(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the result is there."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.RESOLVED.value, case_ended_at=at)
    _milestone(uow, event)


def case_withdrawn(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments let it go."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.WITHDRAWN.value, case_ended_at=at)
    _milestone(uow, event)


def withdrawal_declined(uow: UnitOfWork, event: DossierEvent) -> None:
    """Count the departments' no."""
    row = uow.get(DOSSIERS, event.dossier_code)
    _change(uow, event, declined=((row["declined"] if row else 0) or 0) + 1)
    _milestone(uow, event)


# -- postal ---------------------------------------------------------------------------------------


def job_created(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the result waits for a partner; there may be none."""
    phase = ItemPhase.OFFERED if event.postal_job_created.partner_id else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def job_reoffered(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner is asked again."""
    _change(uow, event, item_phase=ItemPhase.OFFERED.value)


def job_taken(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner carries the result."""
    number = event.postal_job_taken.item_number
    _change(uow, event, item_phase=ItemPhase.TAKEN.value, item_number=number)
    _milestone(uow, event)


def job_refused(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner does not want it; nobody may be left."""
    left = event.postal_job_refused.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)
    if not left:
        _milestone(uow, event)


def lease_expired(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the partner kept silent."""
    left = event.postal_lease_expired.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def item_delivered(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the delivery."""
    _change(uow, event, item_phase=ItemPhase.DELIVERED.value)
    _milestone(uow, event)


def item_returned(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the item came back; the result waits at the counter."""
    _change(uow, event, item_phase=ItemPhase.RETURNED.value)
    _milestone(uow, event)


def _milestone(uow: UnitOfWork, event: DossierEvent) -> None:
    uow.add(
        MILESTONES,
        {
            "dossier_code": event.dossier_code,
            "source": event.source,
            "sequence": event.sequence,
            "body": event.SerializeToString(deterministic=True),
        },
    )


PROJECTIONS: Final[dict[str, Projection]] = {
    "dossier_submitted": submitted,
    "dossier_accepted": accepted,
    "dossier_refused": refused,
    "desk_check_missed": check_missed,
    "supplement_submitted": supplemented,
    "withdrawal_requested": withdrawal_requested,
    "dossier_withdrawn": withdrawn,
    "result_returned": returned,
    "case_opened": case_opened,
    "supplement_requested": supplement_requested,
    "case_suspended": case_suspended,
    "case_resumed": case_resumed,
    "deadline_extended": deadline_extended,
    "deadline_recomputed": deadline_recomputed,
    "supplement_expired": supplement_expired,
    "case_closed": case_closed,
    "case_resolved": case_resolved,
    "case_withdrawn": case_withdrawn,
    "withdrawal_declined": withdrawal_declined,
    "postal_job_created": job_created,
    "postal_job_reoffered": job_reoffered,
    "postal_job_taken": job_taken,
    "postal_job_refused": job_refused,
    "postal_lease_expired": lease_expired,
    "item_delivered": item_delivered,
    "item_returned": item_returned,
    **desk_views.PROJECTIONS,
    **readers.PROJECTIONS,
}
