"""The rules of a job: offer, lease and refusal; and the fold of its events. Pure.

What partners report about its item is in ``reports``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1.event_parts_pb2 import MoneyToCollect
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

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp, to_us
from kernel.eventsourcing.envelope import payload_of, payload_type
from services.postal.domain import refusals

DELIVERED_CODE = "EMI"
RETURNED_CODE = "RTS"


class JobStatus(StrEnum):
    """The states of a job."""

    OFFERED = "offered"
    TAKEN = "taken"
    UNDER_WAY = "under_way"
    DELIVERED = "delivered"
    RETURNED = "returned"
    UNSERVED = "unserved"
    CANCELLED = "cancelled"


FINAL = frozenset({JobStatus.DELIVERED, JobStatus.RETURNED, JobStatus.CANCELLED})
CARRIED = FINAL | {JobStatus.UNDER_WAY}
HELD = frozenset({JobStatus.TAKEN, JobStatus.UNDER_WAY})


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What is remembered of a report, to know a repeat; ``happened_at`` in microseconds."""

    code: str
    happened_at: int
    reason_code: str
    contradicts: bool = False
    collected: tuple[int, int] = (0, 0)
    """Phí and lệ phí, in đồng."""


@dataclass(frozen=True, slots=True)
class AskedChange:
    """What the office asked of the job's holder, who has not answered."""

    number: int
    change: JobChange
    reason: str
    addressee: SealedData
    """The new address; empty for another change."""


@dataclass(frozen=True, slots=True)
class Job:
    """What decisions about a job need."""

    job_id: str
    unit: str
    status: JobStatus
    partner_id: str
    attempt: int = 0
    item_number: str = ""
    lease_until: int = 0
    refused: frozenset[str] = frozenset()
    reports: Mapping[tuple[str, str], ReportSummary] = field(default_factory=dict)
    """By partner and report_id."""
    final_at: int = 0
    requests: int = 0
    """How often the office asked for a change."""
    asked: AskedChange | None = None
    recalled: bool = False
    """The partner has agreed to bring the item back."""


State = Mapping[str, Job]
"""The jobs of one dossier by their ids."""
INITIAL: State = {}


@dataclass(frozen=True, slots=True)
class OfferContext:
    """Decision context of an offer: who collects at the unit, in order; the next offer numbers."""

    serving: Sequence[str]
    next_number: Mapping[str, int]

    def after(self, current: str, refused: frozenset[str]) -> str:
        """Choose who is asked after ``current``: the next one in order that has not refused.

        Empty for nobody.
        """
        order = list(self.serving)
        start = order.index(current) + 1 if current in order else 0
        return next((p for p in order[start:] + order[:start] if p not in refused), "")

    def number(self, partner_id: str) -> int:
        """Return the number of the next offer to a partner; 0 for nobody."""
        return self.next_number[partner_id] if partner_id else 0


def money(amounts: tuple[int, int]) -> MoneyToCollect | None:
    """Write phí and lệ phí, in đồng; None for nothing."""
    phi, le_phi = amounts
    return MoneyToCollect(phi=phi, le_phi=le_phi) if phi or le_phi else None


def amounts(money: MoneyToCollect) -> tuple[int, int]:
    """Return phí and lệ phí."""
    return money.phi, money.le_phi


def create(job_id: str, unit: str, addressee: SealedData, offers: OfferContext) -> list[Message]:
    """Make a job and offer it to the first partner that collects at the unit."""
    first = offers.after("", frozenset())
    return [
        PostalJobCreated(
            job_id=job_id,
            partner_id=first,
            addressee=addressee,
            unit=unit,
            offer_number=offers.number(first),
        )
    ]


def effect_of_request(job: Job) -> list[Message]:
    """Return the events by which the open request takes effect, once the partner has accepted it or
    holds the job no more; a recall ends with the item's return.
    """
    asked = job.asked
    if asked is None:
        return []
    if asked.change == JobChange.JOB_CHANGE_CANCEL:
        return [
            PostalJobCancelled(
                job_id=job.job_id,
                partner_id=job.partner_id,
                reason=asked.reason,
                number=asked.number,
            )
        ]
    if asked.change == JobChange.JOB_CHANGE_ADDRESS:
        return [
            PostalAddressChanged(
                job_id=job.job_id,
                addressee=asked.addressee,
                reason=asked.reason,
                number=asked.number,
            )
        ]
    return []


def _to_be_cancelled(job: Job) -> bool:
    return job.asked is not None and job.asked.change == JobChange.JOB_CHANGE_CANCEL


def take(
    job: Job,
    item_number: str,
    serial: int,
    lease_until: int,
    collect: tuple[int, int] = (0, 0),
) -> list[Message] | Refusal:
    """Let the partner that a job is offered to take it; no event when it holds the job already.

    ``collect``: the phí and lệ phí that it collects of the addressee.
    """
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.status in (JobStatus.TAKEN, JobStatus.UNDER_WAY):
        return []
    return [
        PostalJobTaken(
            job_id=job.job_id,
            partner_id=job.partner_id,
            lease_until=to_timestamp(lease_until),
            attempt=job.attempt + 1,
            item_number=item_number,
            serial=serial,
            collect=money(collect),
        )
    ]


def refuse(
    job: Job, attempt: int, reason_code: str, reason: str, offers: OfferContext
) -> list[Message] | Refusal:
    """Take the job from the partner that refuses it, and offer it to the next one that has not."""
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.status is JobStatus.UNDER_WAY:
        return refusals.JOB_UNDER_WAY
    if attempt > job.attempt:
        return refusals.NO_SUCH_ATTEMPT
    if attempt != (job.attempt if job.status is JobStatus.TAKEN else 0):
        return refusals.LEASE_LOST
    following = (
        ""
        if _to_be_cancelled(job)
        else offers.after(job.partner_id, job.refused | {job.partner_id})
    )
    return [
        PostalJobRefused(
            job_id=job.job_id,
            partner_id=job.partner_id,
            reason_code=reason_code,
            reason=reason,
            next_partner_id=following,
            next_offer_number=offers.number(following),
        ),
        *effect_of_request(job),
    ]


def expire(job: Job, now: int, offers: OfferContext) -> list[Message]:
    """End a lease that has run out and offer the job again; nothing when none has."""
    if job.status is not JobStatus.TAKEN or now < job.lease_until:
        return []
    following = (
        "" if _to_be_cancelled(job) else offers.after(job.partner_id, job.refused) or job.partner_id
    )
    return [
        PostalLeaseExpired(
            job_id=job.job_id,
            partner_id=job.partner_id,
            attempt=job.attempt,
            next_partner_id=following,
            next_offer_number=offers.number(following),
        ),
        *effect_of_request(job),
    ]


def reoffer(
    job: Job, partner_id: str, reason: str, offers: OfferContext
) -> list[Message] | Refusal:
    """Offer a job again by hand, to the partner named or to the next one.

    Who refused before may be asked again.
    """
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.status is JobStatus.UNDER_WAY:
        return refusals.JOB_UNDER_WAY
    if job.status is JobStatus.TAKEN:
        return refusals.JOB_HELD
    chosen = (
        partner_id
        or offers.after(job.partner_id, job.refused)
        or offers.after(job.partner_id, frozenset())
    )
    if not chosen:
        return refusals.NO_PARTNER
    return [
        PostalJobReoffered(
            job_id=job.job_id,
            partner_id=chosen,
            offer_number=offers.number(chosen),
            reason=reason,
        )
    ]


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
        asked=None if _to_be_cancelled(job) else job.asked,
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
