"""The rules of what partners report. Pure.

Reports come in any order, repeated and late, and every one is kept. Only a delivery with its
proof, or a return, ends a job, and the first of them stands: what contradicts it afterwards is
kept, marked and shown to the office, because no report opens a closed dossier again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from google.protobuf.message import Message
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemReturned, ItemTracked

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from office.tracking_codes import TRACKING_CODES
from services.postal.domain import refusals
from services.postal.domain.decider import (
    CARRIED,
    DELIVERED_CODE,
    FINAL,
    RETURNED_CODE,
    Job,
    JobStatus,
    Kept,
)

_MOVES = frozenset(TRACKING_CODES) - {DELIVERED_CODE, RETURNED_CODE}
"""Codes that say that the item is still on its way."""


@dataclass(frozen=True, slots=True)
class PartnerReport:
    """One report as it came; ``item_number`` is empty when nothing was scanned."""

    kind: Literal["tracked", "delivered", "returned"]
    partner_id: str
    attempt: int
    report_id: str
    happened_at: int
    code: str = ""
    reason_code: str = ""
    proof_sha256: str = ""
    item_number: str = ""

    def kept(self) -> Kept:
        """Return what is remembered of it."""
        code = {"delivered": DELIVERED_CODE, "returned": RETURNED_CODE}.get(self.kind, self.code)
        return Kept(code, self.happened_at, self.reason_code)


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of a report; no events for a repeat."""

    events: list[Message]
    contradicts: bool


def report(job: Job, said: PartnerReport) -> ReportOutcome | Refusal:
    """Keep a report of the job's holder, and end the job when it says so."""
    kept = said.kept()
    before = job.reports.get((said.partner_id, said.report_id))
    ends = said.kind != "tracked" and job.status not in FINAL
    if before is not None:
        if (before.code, before.happened_at, before.reason_code) != (
            kept.code,
            kept.happened_at,
            kept.reason_code,
        ):
            return refusals.REPORT_ID_REUSED
        if not ends:
            return ReportOutcome([], before.contradicts)
    if (refusal := _standing(job, said)) is not None:
        return refusal
    if ends:
        return ReportOutcome([_final(job, said)], False)
    contradicts = job.status in FINAL and _contradicts(job, kept, said.kind)
    return ReportOutcome([_tracked(job, said, kept.code, contradicts)], contradicts)


def _standing(job: Job, said: PartnerReport) -> Refusal | None:
    if said.attempt > job.attempt:
        return refusals.NO_SUCH_ATTEMPT
    holds = job.status in CARRIED or job.status is JobStatus.TAKEN
    if not holds or said.attempt != job.attempt or said.partner_id != job.partner_id:
        return refusals.LEASE_LOST
    if said.item_number and said.item_number != job.item_number:
        return refusals.ITEM_MISMATCH
    return None


def _contradicts(job: Job, kept: Kept, kind: str) -> bool:
    if kept.code == DELIVERED_CODE:
        return job.status is not JobStatus.DELIVERED or kind == "delivered"
    if kept.code == RETURNED_CODE:
        return job.status is not JobStatus.RETURNED
    return kept.code in _MOVES and kept.happened_at > job.final_at


def _tracked(job: Job, said: PartnerReport, code: str, contradicts: bool) -> ItemTracked:
    return ItemTracked(
        job_id=job.job_id,
        partner_id=said.partner_id,
        item_number=job.item_number,
        code=code,
        report_id=said.report_id,
        happened_at=to_timestamp(said.happened_at),
        reason_code=said.reason_code,
        contradicts=contradicts,
        attempt=said.attempt,
    )


def _final(job: Job, said: PartnerReport) -> Message:
    if said.kind == "delivered":
        return ItemDelivered(
            job_id=job.job_id,
            partner_id=said.partner_id,
            item_number=job.item_number,
            proof_sha256=said.proof_sha256,
            report_id=said.report_id,
            happened_at=to_timestamp(said.happened_at),
            attempt=said.attempt,
        )
    return ItemReturned(
        job_id=job.job_id,
        partner_id=said.partner_id,
        item_number=job.item_number,
        reason_code=said.reason_code,
        report_id=said.report_id,
        happened_at=to_timestamp(said.happened_at),
        attempt=said.attempt,
    )
