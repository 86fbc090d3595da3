"""Folds postal's own events into the state of a dossier's jobs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
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
from motcua.postal.v1.types_pb2 import JobChange

from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import payload_of, payload_type
from services.postal.domain.state import (
    DELIVERED_CODE,
    FINAL,
    RETURNED_CODE,
    AskedChange,
    Job,
    JobStatus,
    ReportSummary,
    State,
    amounts,
    to_be_cancelled,
)


def evolve(state: State, event: Event) -> State:
    """Fold one of postal's own events."""
    kind = payload_type(event)
    change = None if kind is None else _CHANGES.get(kind)
    if change is None:
        return state
    payload: Any = payload_of(event)
    return {**state, payload.job_id: change(state.get(payload.job_id), payload)}


def _created(_job: Job | None, e: PostalJobCreated) -> Job:
    return Job(e.job_id, e.unit, _offered(e.partner_id), e.partner_id)


def _offered(partner_id: str) -> JobStatus:
    return JobStatus.OFFERED if partner_id else JobStatus.UNSERVED


def _taken(job: Job, e: PostalJobTaken) -> Job:
    return replace(
        job,
        status=JobStatus.TAKEN,
        attempt=e.attempt,
        item_number=e.item_number,
        lease_until=to_us(e.lease_until),
        asked=None,
    )


def _refused(job: Job, e: PostalJobRefused) -> Job:
    return replace(
        job,
        status=_offered(e.next_partner_id),
        partner_id=e.next_partner_id,
        refused=job.refused | {e.partner_id},
        asked=None,
    )


def _expired(job: Job, e: PostalLeaseExpired) -> Job:
    return replace(
        job, status=_offered(e.next_partner_id), partner_id=e.next_partner_id, asked=None
    )


def _reoffered(job: Job, e: PostalJobReoffered) -> Job:
    return replace(
        job,
        status=JobStatus.OFFERED,
        partner_id=e.partner_id,
        refused=job.refused - {e.partner_id},
    )


def _kept(
    job: Job, partner_id: str, report_id: str, kept: ReportSummary
) -> Mapping[tuple[str, str], ReportSummary]:
    return {**job.reports, (partner_id, report_id): kept}


def _tracked(job: Job, e: ItemTracked) -> Job:
    kept = ReportSummary(
        e.code, to_us(e.happened_at), e.reason_code, e.contradicts, amounts(e.collected)
    )
    return replace(
        job,
        status=job.status if job.status in FINAL else JobStatus.UNDER_WAY,
        asked=None if to_be_cancelled(job) else job.asked,
        reports=_kept(job, e.partner_id, e.report_id, kept),
    )


def _delivered(job: Job, e: ItemDelivered) -> Job:
    kept = ReportSummary(DELIVERED_CODE, to_us(e.happened_at), "", collected=amounts(e.collected))
    return _ended(job, JobStatus.DELIVERED, e, kept)


def _returned(job: Job, e: ItemReturned) -> Job:
    kept = ReportSummary(RETURNED_CODE, to_us(e.happened_at), e.reason_code)
    return _ended(job, JobStatus.RETURNED, e, kept)


def _ended(
    job: Job, status: JobStatus, e: ItemDelivered | ItemReturned, kept: ReportSummary
) -> Job:
    return replace(
        job,
        status=status,
        final_at=kept.happened_at,
        asked=None,
        reports=_kept(job, e.partner_id, e.report_id, kept),
    )


def _change_requested(job: Job, e: PostalJobChangeRequested) -> Job:
    asked = AskedChange(e.number, e.change, e.reason, e.addressee)
    return replace(job, requests=e.number, asked=asked)


def _change_answered(job: Job, e: PostalJobChangeAnswered) -> Job:
    recalled = e.accepted and e.change == JobChange.JOB_CHANGE_RECALL
    return replace(job, asked=None, recalled=job.recalled or recalled)


def _cancelled(job: Job, _e: PostalJobCancelled) -> Job:
    return replace(job, status=JobStatus.CANCELLED, asked=None)


def _address_changed(job: Job, _e: PostalAddressChanged) -> Job:
    return job


_CHANGES: Mapping[type[Message], Callable[[Any, Any], Job]] = {
    PostalJobCreated: _created,
    PostalJobTaken: _taken,
    PostalJobRefused: _refused,
    PostalLeaseExpired: _expired,
    PostalJobReoffered: _reoffered,
    ItemTracked: _tracked,
    ItemDelivered: _delivered,
    ItemReturned: _returned,
    PostalJobChangeRequested: _change_requested,
    PostalJobChangeAnswered: _change_answered,
    PostalJobCancelled: _cancelled,
    PostalAddressChanged: _address_changed,
}
"""How each event changes a job, by the class of its payload."""
