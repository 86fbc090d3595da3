"""The rules of what partners report. Pure.

Reports come in any order, repeated and late; every one is kept. Only a delivery with its
proof, or a return, ends a job, and the first of them stands: what contradicts it afterwards is
kept, marked and shown to the office, because no report opens a closed dossier again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from google.protobuf.message import Message
from motcua.postal.v1.event_parts_pb2 import MoneyToCollect
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemReturned, ItemTracked

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from office.tracking_codes import TRACKING_CODES
from services.postal.domain import refusals
from services.postal.domain.state import (
    CARRIED,
    DELIVERED_CODE,
    FINAL,
    RETURNED_CODE,
    Job,
    JobStatus,
    ReportSummary,
    money,
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
    collected: tuple[int, int] = (0, 0)
    """Phí and lệ phí that were collected of the addressee, in đồng."""
    phi_receipt: str = ""
    le_phi_receipt: str = ""
    to_collect: tuple[int, int] = (0, 0)
    """Phí and lệ phí that were still to be collected; not the partner's word."""

    def kept(self) -> ReportSummary:
        """Return what is remembered of it."""
        code = {"delivered": DELIVERED_CODE, "returned": RETURNED_CODE}.get(self.kind, self.code)
        return ReportSummary(code, self.happened_at, self.reason_code, collected=self.collected)


@dataclass(frozen=True, slots=True)
class ReportOutcome:
    """What became of a report; no events for a repeat."""

    events: list[Message]
    contradicts: bool


def receive_report(job: Job, report: PartnerReport) -> ReportOutcome | Refusal:
    """Keep a report of the job's holder; a delivery or a return ends the job."""
    kept = report.kept()
    before = job.reports.get((report.partner_id, report.report_id))
    ends = report.kind != "tracked" and job.status not in FINAL
    if before is not None:
        if replace(before, contradicts=False) != kept:
            return refusals.REPORT_ID_REUSED
        if not ends:
            return ReportOutcome([], before.contradicts)
    if (refusal := _refusal_of(job, report)) is not None:
        return refusal
    if ends:
        return ReportOutcome([_final(job, report)], False)
    contradicts = job.status in FINAL and _contradicts(job, kept, report.kind)
    return ReportOutcome([_tracked(job, report, kept.code, contradicts)], contradicts)


def _refusal_of(job: Job, report: PartnerReport) -> Refusal | None:
    """Return why a report is not accepted; None when it is."""
    if report.attempt > job.attempt:
        return refusals.NO_SUCH_ATTEMPT
    holds = job.status in CARRIED or job.status is JobStatus.TAKEN
    if not holds or report.attempt != job.attempt or report.partner_id != job.partner_id:
        return refusals.LEASE_LOST
    if report.item_number and report.item_number != job.item_number:
        return refusals.ITEM_MISMATCH
    return None


def _contradicts(job: Job, kept: ReportSummary, kind: str) -> bool:
    if kept.code == DELIVERED_CODE:
        return job.status is not JobStatus.DELIVERED or kind == "delivered"
    if kept.code == RETURNED_CODE:
        return job.status is not JobStatus.RETURNED
    return kept.code in _MOVES and kept.happened_at > job.final_at


def _about(job: Job, report: PartnerReport) -> dict[str, Any]:
    """Return what every event about a report says."""
    return {
        "job_id": job.job_id,
        "partner_id": report.partner_id,
        "item_number": job.item_number,
        "report_id": report.report_id,
        "happened_at": to_timestamp(report.happened_at),
        "attempt": report.attempt,
    }


def _tracked(job: Job, report: PartnerReport, code: str, contradicts: bool) -> ItemTracked:
    return ItemTracked(
        **_about(job, report),
        **_money(report),
        code=code,
        reason_code=report.reason_code,
        contradicts=contradicts,
    )


def _money(report: PartnerReport) -> dict[str, Any]:
    return {
        "collected": money(report.collected),
        "phi_receipt": report.phi_receipt,
        "le_phi_receipt": report.le_phi_receipt,
    }


def _final(job: Job, report: PartnerReport) -> Message:
    about = _about(job, report)
    if report.kind == "delivered":
        phi, le_phi = report.to_collect
        return ItemDelivered(
            **about,
            **_money(report),
            proof_sha256=report.proof_sha256,
            to_collect=MoneyToCollect(phi=phi, le_phi=le_phi),
        )
    return ItemReturned(**about, reason_code=report.reason_code)
