"""Postal's read models (projections): how each event changes its tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted, ResultReturned
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    ItemTracked,
    PostalAddressChanged,
    PostalJobCancelled,
    PostalJobChangeAnswered,
    PostalJobChangeRequested,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.postal.v1.postal_pb2 import ChangeState
from motcua.postal.v1.types_pb2 import JobChange

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.domain.state import DELIVERED_CODE, RETURNED_CODE, JobStatus
from services.postal.tables import (
    ADDRESSEE,
    APPLICANT,
    CHANGES,
    COUNTERS,
    HOLDERS,
    ITEMS,
    JOBS,
    OFFERS,
    PAYMENTS,
    REFUSALS,
    REPORTS,
    SUBMISSIONS,
)

BY_POST: Final = "post"
"""The method of a payment that a partner collected, as intake records it."""


def submitted(uow: UnitOfWork, event: Event, payload: DossierSubmitted) -> None:
    """Keep what a job will need: the unit, and the applicant's sealed data."""
    uow.put(
        SUBMISSIONS,
        {
            "dossier_code": event.stream_id,
            "unit": payload.unit,
            "applicant": payload.applicant.SerializeToString(),
            "imported": int(payload.imported_from != ""),
            "collected": 0,
            "phi_owed": payload.fees.phi,
            "le_phi_owed": payload.fees.le_phi,
            "phi_paid": 0,
            "le_phi_paid": 0,
            "phi_by_post": 0,
            "le_phi_by_post": 0,
            "exemptions": 0,
        },
    )


def fee_recorded(uow: UnitOfWork, event: Event, payload: FeeRecorded) -> None:
    """Count a payment or an exemption."""
    row = {
        "dossier_code": event.stream_id,
        "sequence": event.sequence,
        "phi": payload.phi,
        "le_phi": payload.le_phi,
        "exempt": int(payload.exempt_group != ""),
        "by_post": int(payload.method == BY_POST),
    }
    uow.put(PAYMENTS, row)
    _pay(uow, row, 1)


def fee_cancelled(uow: UnitOfWork, event: Event, payload: FeeCancelled) -> None:
    """Count a payment or an exemption no more."""
    row = uow.get(PAYMENTS, event.stream_id, payload.sequence)
    if row is not None:
        _pay(uow, row, -1)
        uow.delete(PAYMENTS, event.stream_id, payload.sequence)


def _pay(uow: UnitOfWork, payment: Mapping[str, Any], times: int) -> None:
    row = uow.get(SUBMISSIONS, payment["dossier_code"])
    if row is not None:
        by_post = times * payment["by_post"]
        uow.change(
            SUBMISSIONS,
            payment["dossier_code"],
            phi_by_post=row["phi_by_post"] + by_post * payment["phi"],
            le_phi_by_post=row["le_phi_by_post"] + by_post * payment["le_phi"],
            phi_paid=row["phi_paid"] + times * payment["phi"],
            le_phi_paid=row["le_phi_paid"] + times * payment["le_phi"],
            exemptions=row["exemptions"] + times * payment["exempt"],
        )


def result_returned(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the citizen has the result: there is nothing left to carry."""
    uow.change(SUBMISSIONS, event.stream_id, collected=1)


def created(uow: UnitOfWork, event: Event, payload: PostalJobCreated) -> None:
    """Open a job's row."""
    at = to_us(event.recorded_at)
    row = {
        "job_id": payload.job_id,
        "dossier_code": event.stream_id,
        "unit": payload.unit,
        "addressee": payload.addressee.SerializeToString(),
        "addressee_field": APPLICANT,
        "correlation_id": event.correlation_id,
        "attempt": 0,
        "item_number": "",
        "taken_event_id": "",
        "created_at": at,
        "last_code": "",
        "last_happened_at": 0,
        "delivery_reported": 0,
        "contradictions": 0,
        "proof_sha256": "",
        "receiver": None,
        "collect_phi": 0,
        "collect_le_phi": 0,
        "collected_phi": 0,
        "collected_le_phi": 0,
        "open_change": 0,
    }
    uow.put(JOBS, row | _offered(uow, payload.job_id, payload.partner_id, payload.offer_number, at))


def taken(uow: UnitOfWork, event: Event, payload: PostalJobTaken) -> None:
    """Note the holder, its lease and the item's number."""
    uow.change(
        JOBS,
        payload.job_id,
        state=JobStatus.TAKEN.value,
        attempt=payload.attempt,
        item_number=payload.item_number,
        taken_event_id=event.event_id,
        lease_until=to_us(payload.lease_until),
        collect_phi=payload.collect.phi,
        collect_le_phi=payload.collect.le_phi,
        changed_at=to_us(event.recorded_at),
    )
    holder = {
        "job_id": payload.job_id,
        "partner_id": payload.partner_id,
        "attempt": payload.attempt,
    }
    uow.put(HOLDERS, holder)
    uow.add(ITEMS, holder | {"item_number": payload.item_number})
    _count(uow, payload.partner_id, serial=payload.serial)


def refused(uow: UnitOfWork, event: Event, payload: PostalJobRefused) -> None:
    """Keep the refusal, and note who is asked now."""
    at = to_us(event.recorded_at)
    uow.put(
        REFUSALS,
        {
            "job_id": payload.job_id,
            "sequence": event.sequence,
            "partner_id": payload.partner_id,
            "reason_code": payload.reason_code,
            "reason": payload.reason,
            "recorded_at": at,
        },
    )
    _released(uow, event, payload.job_id)
    _offer(uow, payload.job_id, payload.next_partner_id, payload.next_offer_number, at)


def expired(uow: UnitOfWork, event: Event, payload: PostalLeaseExpired) -> None:
    """Note who is asked after a partner kept silent."""
    at = to_us(event.recorded_at)
    _released(uow, event, payload.job_id)
    _offer(uow, payload.job_id, payload.next_partner_id, payload.next_offer_number, at)


def reoffered(uow: UnitOfWork, event: Event, payload: PostalJobReoffered) -> None:
    """Note who is asked now."""
    at = to_us(event.recorded_at)
    _offer(uow, payload.job_id, payload.partner_id, payload.offer_number, at)


def tracked(uow: UnitOfWork, event: Event, payload: ItemTracked) -> None:
    """Keep a report; the first one ends the lease."""
    row = _reported(uow, event, payload, payload.code, int(payload.contradicts))
    if row["state"] == JobStatus.TAKEN:
        row |= _overtaken(uow, event, row, JobChange.JOB_CHANGE_CANCEL)
        row |= {"state": JobStatus.UNDER_WAY.value, "lease_until": None}
    uow.put(JOBS, row)


def delivered(uow: UnitOfWork, event: Event, payload: ItemDelivered) -> None:
    """End the job with its proof."""
    row = _reported(uow, event, payload, DELIVERED_CODE, 0)
    sealed = payload.receiver.SerializeToString() if payload.HasField("receiver") else None
    row |= _overtaken(uow, event, row) | {
        "collected_phi": payload.collected.phi,
        "collected_le_phi": payload.collected.le_phi,
        "state": JobStatus.DELIVERED.value,
        "lease_until": None,
        "proof_sha256": payload.proof_sha256,
        "receiver": sealed,
    }
    if payload.HasField("to_collect"):
        row |= {
            "collect_phi": payload.to_collect.phi,
            "collect_le_phi": payload.to_collect.le_phi,
        }
    uow.put(JOBS, row)


def returned(uow: UnitOfWork, event: Event, payload: ItemReturned) -> None:
    """End the job: the item is back."""
    row = _reported(uow, event, payload, RETURNED_CODE, 0)
    row |= _overtaken(uow, event, row)
    uow.put(JOBS, row | {"state": JobStatus.RETURNED.value, "lease_until": None})


def change_requested(uow: UnitOfWork, event: Event, payload: PostalJobChangeRequested) -> None:
    """Keep what the office asks; it takes the place of an earlier request that is open."""
    at = to_us(event.recorded_at)
    row = dict(uow.get(JOBS, payload.job_id) or {})
    uow.put(JOBS, row | _overtaken(uow, event, row) | {"open_change": payload.number})
    sealed = payload.addressee.SerializeToString() if payload.HasField("addressee") else None
    uow.put(
        CHANGES,
        {
            "job_id": payload.job_id,
            "number": payload.number,
            "change": payload.change,
            "partner_id": payload.partner_id,
            "attempt": payload.attempt,
            "offer_number": payload.offer_number,
            "state": ChangeState.CHANGE_STATE_OPEN,
            "reason": payload.reason,
            "addressee": sealed,
            "answer_code": "",
            "answer": "",
            "asked_at": at,
            "ended_at": None,
        },
    )
    place = {"partner_id": payload.partner_id, "offer_number": payload.offer_number}
    uow.add(OFFERS, place | {"job_id": payload.job_id, "offered_at": at})
    _count(uow, payload.partner_id, offer=payload.offer_number)


def change_answered(uow: UnitOfWork, event: Event, payload: PostalJobChangeAnswered) -> None:
    """Keep the partner's answer."""
    accepted = payload.accepted
    uow.change(
        CHANGES,
        payload.job_id,
        payload.number,
        state=ChangeState.CHANGE_STATE_ACCEPTED if accepted else ChangeState.CHANGE_STATE_TOO_LATE,
        answer_code=payload.reason_code,
        answer=payload.reason,
        ended_at=to_us(event.recorded_at),
    )
    uow.change(JOBS, payload.job_id, open_change=0, changed_at=to_us(event.recorded_at))


def cancelled(uow: UnitOfWork, event: Event, payload: PostalJobCancelled) -> None:
    """End the job: nothing was collected."""
    uow.change(
        JOBS,
        payload.job_id,
        state=JobStatus.CANCELLED.value,
        partner_id=payload.partner_id,
        lease_until=None,
        changed_at=to_us(event.recorded_at),
    )


def address_changed(uow: UnitOfWork, event: Event, payload: PostalAddressChanged) -> None:
    """Note where the item goes now."""
    uow.change(
        JOBS,
        payload.job_id,
        addressee=payload.addressee.SerializeToString(),
        addressee_field=ADDRESSEE,
        changed_at=to_us(event.recorded_at),
    )


def _overtaken(
    uow: UnitOfWork, event: Event, job: Mapping[str, Any], change: JobChange | None = None
) -> dict[str, Any]:
    """End the open request of a job without an answer, one for ``change`` alone where it is given;
    return what that changes of the job's row.
    """
    number = job["open_change"]
    row = uow.get(CHANGES, job["job_id"], number) if number else None
    if row is None or (change is not None and row["change"] != change):
        return {}
    uow.change(
        CHANGES,
        job["job_id"],
        number,
        state=ChangeState.CHANGE_STATE_OVERTAKEN,
        ended_at=to_us(event.recorded_at),
    )
    return {"open_change": 0}


def _released(uow: UnitOfWork, event: Event, job_id: str) -> None:
    """End what was asked of a partner that holds the job no more."""
    row = dict(uow.get(JOBS, job_id) or {})
    uow.change(JOBS, job_id, **_overtaken(uow, event, row), collect_phi=0, collect_le_phi=0)


def _offer(uow: UnitOfWork, job_id: str, partner_id: str, number: int, at: int) -> None:
    uow.change(JOBS, job_id, **_offered(uow, job_id, partner_id, number, at))


def _offered(uow: UnitOfWork, job_id: str, partner_id: str, number: int, at: int) -> dict[str, Any]:
    if partner_id:
        offer = {"partner_id": partner_id, "offer_number": number}
        uow.add(OFFERS, offer | {"job_id": job_id, "offered_at": at})
        _count(uow, partner_id, offer=number)
    return {
        "state": (JobStatus.OFFERED if partner_id else JobStatus.UNSERVED).value,
        "partner_id": partner_id,
        "offer_number": number,
        "offered_at": at,
        "lease_until": None,
        "changed_at": at,
    }


def _count(uow: UnitOfWork, partner_id: str, *, offer: int = 0, serial: int = 0) -> None:
    row = uow.get(COUNTERS, partner_id) or {"last_offer": 0, "last_serial": 0}
    uow.put(
        COUNTERS,
        {
            "partner_id": partner_id,
            "last_offer": max(row["last_offer"], offer),
            "last_serial": max(row["last_serial"], serial),
        },
    )


def _reported(
    uow: UnitOfWork,
    event: Event,
    payload: ItemTracked | ItemDelivered | ItemReturned,
    code: str,
    contradicts: int,
) -> dict[str, Any]:
    """Keep a report; return the job's row with what any report changes."""
    happened_at = to_us(payload.happened_at)
    at = to_us(event.recorded_at)
    uow.put(
        REPORTS,
        {
            "job_id": payload.job_id,
            "partner_id": payload.partner_id,
            "report_id": payload.report_id,
            "attempt": payload.attempt,
            "item_number": payload.item_number,
            "code": code,
            "happened_at": happened_at,
            "recorded_at": at,
            "reason_code": "" if isinstance(payload, ItemDelivered) else payload.reason_code,
            "contradicts": contradicts,
            "collected_phi": 0 if isinstance(payload, ItemReturned) else payload.collected.phi,
            "collected_le_phi": 0
            if isinstance(payload, ItemReturned)
            else payload.collected.le_phi,
        },
    )
    row = dict(uow.get(JOBS, payload.job_id) or {})
    latest = max((row["last_happened_at"], row["last_code"]), (happened_at, code))
    return row | {
        "changed_at": at,
        "last_happened_at": latest[0],
        "last_code": latest[1],
        "delivery_reported": max(row["delivery_reported"], int(code == DELIVERED_CODE)),
        "contradictions": row["contradictions"] + contradicts,
    }


PROJECTIONS: Mapping[type[Message], Projection] = {
    DossierSubmitted: submitted,
    FeeRecorded: fee_recorded,
    FeeCancelled: fee_cancelled,
    ResultReturned: result_returned,
    PostalJobCreated: created,
    PostalJobTaken: taken,
    PostalJobRefused: refused,
    PostalLeaseExpired: expired,
    PostalJobReoffered: reoffered,
    ItemTracked: tracked,
    ItemDelivered: delivered,
    ItemReturned: returned,
    PostalJobChangeRequested: change_requested,
    PostalJobChangeAnswered: change_answered,
    PostalJobCancelled: cancelled,
    PostalAddressChanged: address_changed,
}
"""By the class of the payload."""
