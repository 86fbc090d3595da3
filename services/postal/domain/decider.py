"""The rules of a job: offer, lease and refusal. Pure.

What partners report about its item is in ``reports``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from motcua.postal.v1.job_events_pb2 import (
    PostalAddressChanged,
    PostalJobCancelled,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.postal.v1.types_pb2 import JobChange

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from services.postal.domain import refusals
from services.postal.domain.state import FINAL, Job, JobStatus, money, to_be_cancelled


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
        "" if to_be_cancelled(job) else offers.after(job.partner_id, job.refused | {job.partner_id})
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
        "" if to_be_cancelled(job) else offers.after(job.partner_id, job.refused) or job.partner_id
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
