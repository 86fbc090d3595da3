"""What the office asks about a job: to cancel it, to bring the item back, or elsewhere. Pure.

What no partner holds, the office changes at once. Otherwise the partner that holds it is asked, and
answers that it does so, or that it is too late. What the partner reports meanwhile goes first: a
request to cancel is over when the item is under way, and every request when the job has ended.
"""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from motcua.postal.v1.job_events_pb2 import (
    PostalAddressChanged,
    PostalJobCancelled,
    PostalJobChangeAnswered,
    PostalJobChangeRequested,
)
from motcua.postal.v1.types_pb2 import JobChange

from kernel.base.errors import Refusal
from services.postal.domain import refusals
from services.postal.domain.decider import OfferContext, effect_of_request
from services.postal.domain.state import FINAL, HELD, Job, JobStatus

CANCEL: Final = JobChange.JOB_CHANGE_CANCEL
RECALL: Final = JobChange.JOB_CHANGE_RECALL
ADDRESS: Final = JobChange.JOB_CHANGE_ADDRESS


def cancel(job: Job, reason: str, offers: OfferContext) -> list[Message] | Refusal:
    """Cancel a job, or ask the partner that has taken it; not one whose item is under way."""
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.status is JobStatus.UNDER_WAY:
        return refusals.ITEM_UNDER_WAY
    if job.status is JobStatus.TAKEN:
        return [_request(job, CANCEL, reason, offers)]
    return [PostalJobCancelled(job_id=job.job_id, partner_id=job.partner_id, reason=reason)]


def recall(job: Job, reason: str, offers: OfferContext) -> list[Message] | Refusal:
    """Ask the partner to bring back an item that is under way."""
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.status is not JobStatus.UNDER_WAY:
        return refusals.NOT_UNDER_WAY
    if job.recalled:
        return refusals.ITEM_RECALLED
    return [_request(job, RECALL, reason, offers)]


def change_address(
    job: Job, addressee: SealedData, reason: str, offers: OfferContext
) -> list[Message] | Refusal:
    """Send an item to another address, or ask the partner that holds the job to."""
    if job.status in FINAL:
        return refusals.JOB_CLOSED
    if job.recalled:
        return refusals.ITEM_RECALLED
    if job.status in HELD:
        request = _request(job, ADDRESS, reason, offers)
        request.addressee.CopyFrom(addressee)
        return [request]
    return [PostalAddressChanged(job_id=job.job_id, addressee=addressee, reason=reason)]


def answer(
    job: Job, number: int, *, accepted: bool, reason_code: str, reason: str
) -> list[Message] | Refusal:
    """Keep the answer of the job's holder; what it accepts holds from now on."""
    if number > job.requests:
        return refusals.NO_SUCH_CHANGE
    if job.asked is None or job.asked.number != number:
        return refusals.CHANGE_ENDED
    answered = PostalJobChangeAnswered(
        job_id=job.job_id,
        number=number,
        change=job.asked.change,
        partner_id=job.partner_id,
        accepted=accepted,
        reason_code="" if accepted else reason_code,
        reason=reason,
    )
    return [answered, *(effect_of_request(job) if accepted else [])]


def _request(
    job: Job, change: JobChange, reason: str, offers: OfferContext
) -> PostalJobChangeRequested:
    return PostalJobChangeRequested(
        job_id=job.job_id,
        number=job.requests + 1,
        change=change,
        partner_id=job.partner_id,
        attempt=job.attempt,
        offer_number=offers.number(job.partner_id),
        reason=reason,
    )
