"""What decisions about a job need of what has happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from motcua.events.v1.common_pb2 import SealedData
from motcua.postal.v1.event_parts_pb2 import MoneyToCollect
from motcua.postal.v1.types_pb2 import JobChange

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


def money(amounts: tuple[int, int]) -> MoneyToCollect | None:
    """Write phí and lệ phí, in đồng; None for nothing."""
    phi, le_phi = amounts
    return MoneyToCollect(phi=phi, le_phi=le_phi) if phi or le_phi else None


def amounts(money: MoneyToCollect) -> tuple[int, int]:
    """Return phí and lệ phí."""
    return money.phi, money.le_phi


def to_be_cancelled(job: Job) -> bool:
    """Return whether the office asked to cancel the job and has no answer."""
    return job.asked is not None and job.asked.change == JobChange.JOB_CHANGE_CANCEL
