"""Rows of jobs as the messages that show them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from motcua.events.v1.common_pb2 import PersonalData
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.types_pb2 import JobChange
from sqlalchemy import Connection, Row, Select, and_, or_, select

from kernel.base.errors import Invalid
from kernel.base.instants import from_datetime, to_timestamp, to_us, zone
from kernel.crypto.keyring import ERASED, Keyring
from office.catalogue.dossier_code import OFFICE_ZONE
from office.sealed_text import open_texts
from services.postal.application.decision_context import left_to_collect, still_owed
from services.postal.domain import refusals
from services.postal.domain.state import FINAL, HELD, JobStatus
from services.postal.tables import (
    JOBS,
    REFUSALS,
    SUBMISSIONS,
)

STATES = {status.value: f"JOB_STATE_{status.name}" for status in JobStatus}
STATUS = {pb.JobState.Value(name): status for status, name in STATES.items()}
Found = Row[Any]
"""A row of SELECT, with the fees of its dossier."""
FEES = tuple(
    SUBMISSIONS.c[name]
    for name in (
        *("phi_owed", "le_phi_owed", "phi_paid", "le_phi_paid"),
        *("phi_by_post", "le_phi_by_post", "exemptions"),
    )
)
WITH_FEES = JOBS.join(SUBMISSIONS, SUBMISSIONS.c.dossier_code == JOBS.c.dossier_code)
SELECT = select(JOBS, *FEES).select_from(WITH_FEES)


ERASED_PERSON = PersonalData(
    full_name=ERASED, phone=ERASED, address=ERASED, district=ERASED, province=ERASED
)


def addressee_of(person: PersonalData) -> pb.Addressee:
    """Return whom an item is for."""
    return pb.Addressee(
        name=person.full_name,
        phone=person.phone,
        address=person.address,
        district=person.district,
        province=person.province,
    )


def money(phi: int, le_phi: int) -> pb.Money | None:
    """Return an amount in đồng; None for nothing."""
    return pb.Money(phi=phi, le_phi=le_phi, total=phi + le_phi) if phi or le_phi else None


def to_collect(row: Found) -> pb.Money | None:
    """Return what is to be collected: of what the dossier owes, no more than the taking said.

    Nothing any more once the job has ended otherwise than by a delivery.
    """
    job = dict(row._mapping)
    owed = still_owed(job)
    if row.state in (JobStatus.OFFERED, JobStatus.UNSERVED):
        return money(*owed)
    if row.state in HELD:
        return money(*left_to_collect(job, owed))
    return money(row.collect_phi, row.collect_le_phi) if row.state == JobStatus.DELIVERED else None


def money_differs(row: Found) -> bool:
    """Return whether a delivery brought in other money than it was to, or what the desk has had
    already: a payment at the counter that crossed it.
    """
    if row.state != JobStatus.DELIVERED:
        return False
    collected = (row.collected_phi, row.collected_le_phi)
    at_the_desk = {
        "phi_paid": row.phi_paid - row.phi_by_post,
        "le_phi_paid": row.le_phi_paid - row.le_phi_by_post,
    }
    left = still_owed({**row._mapping, **at_the_desk})
    if collected != (row.collect_phi, row.collect_le_phi):
        return True
    return any(got > owed for got, owed in zip(collected, left, strict=True))


def bounds_of_day(text: str) -> tuple[int, int]:
    """Return when a local day of the office begins and ends; raise ``Invalid`` for none."""
    try:
        day = date.fromisoformat(text)
        days = (day, day + timedelta(days=1))
    except (ValueError, OverflowError):  # the last day of the year 9999 has no next one
        raise Invalid([refusals.DAY_WRONG]) from None
    begins, ends = (
        from_datetime(datetime.combine(each, time(), zone(OFFICE_ZONE))) for each in days
    )
    return begins, ends


def own_job(row: Found) -> partner_pb.MyJob:
    """Return a job as its partner sees it."""
    taken = row.state not in (JobStatus.OFFERED, JobStatus.UNSERVED)
    return partner_pb.MyJob(
        job_id=row.job_id,
        state=STATES[row.state],
        attempt=row.attempt if taken else 0,
        item_number=row.item_number if taken else "",
        unit=row.unit,
        created_at=to_timestamp(row.created_at),
        changed_at=to_timestamp(row.changed_at),
        lease_until=to_timestamp(row.lease_until),
        last_code=row.last_code,
        collect=to_collect(row),
        collected=money(row.collected_phi, row.collected_le_phi),
        change=JobChange.Name(row.asked_change or 0),
    )


def filtered(request: pb.ListJobsRequest) -> Select[Any]:
    """Return the statement for the jobs that a request asks for."""
    statement = SELECT
    if request.state:
        statement = statement.where(JOBS.c.state == STATUS[request.state])
    if request.partner_id:
        statement = statement.where(JOBS.c.partner_id == request.partner_id)
    if request.unit:
        below = JOBS.c.unit.startswith(f"{request.unit}.", autoescape=True)
        statement = statement.where(or_(JOBS.c.unit == request.unit, below))
    if request.conflict:
        returned = and_(JOBS.c.state == JobStatus.RETURNED, JOBS.c.delivery_reported == 1)
        statement = statement.where(or_(JOBS.c.contradictions > 0, returned))
    if request.HasField("unchanged_since"):
        statement = statement.where(
            JOBS.c.state.not_in(FINAL), JOBS.c.changed_at < to_us(request.unchanged_since)
        )
    return statement


def job_of(row: Found) -> pb.Job:
    """Return a job as the office sees it."""
    return pb.Job(
        job_id=row.job_id,
        dossier_code=row.dossier_code,
        unit=row.unit,
        state=STATES[row.state],
        partner_id=row.partner_id,
        attempt=row.attempt,
        item_number=row.item_number,
        created_at=to_timestamp(row.created_at),
        changed_at=to_timestamp(row.changed_at),
        last_code=row.last_code,
        conflict=row.contradictions > 0
        or (row.state == JobStatus.RETURNED and row.delivery_reported == 1),
        proof_sha256=row.proof_sha256,
        lease_until=to_timestamp(row.lease_until),
        collect=to_collect(row),
        collected=money(row.collected_phi, row.collected_le_phi),
        money_differs=money_differs(row),
    )


def refusals_of(connection: Connection, keyring: Keyring, job_id: str) -> list[pb.Refusal]:
    """List the refusals of a job in their order."""
    rows = connection.execute(
        select(REFUSALS).where(REFUSALS.c.job_id == job_id).order_by(REFUSALS.c.sequence)
    )
    return [
        pb.Refusal(
            partner_id=row.partner_id,
            reason_code=row.reason_code,
            reason=open_texts(keyring, row.reason),
            recorded_at=to_timestamp(row.recorded_at),
        )
        for row in rows
    ]
