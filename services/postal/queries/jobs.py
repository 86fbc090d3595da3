"""Postal's reads. Personal data is opened here, at read time, and nowhere kept in clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from motcua.events.v1.common_pb2 import PersonalData, SealedData
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from sqlalchemy import Connection, Row, Select, and_, func, or_, select, tuple_

from kernel.base.errors import Refused
from kernel.base.instants import to_timestamp, to_us
from kernel.crypto.keyring import ERASED, Keyring
from kernel.storage import index_scan
from office.people.access_scope import AccessScope
from office.tracking_codes import tracking_meaning
from services.postal.config.partners import Partners
from services.postal.domain import refusals
from services.postal.domain.decider import FINAL, JobStatus
from services.postal.queries.cursors import page_token, read_page_token, stream_cursor
from services.postal.tables import COUNTERS, HOLDERS, JOBS, REFUSALS, REPORTS

STREAM_PAGE = 100
PAGE = 50
_STATES = {status.value: f"JOB_STATE_{status.name}" for status in JobStatus}
_STATUS = {pb.JobState.Value(name): status for status, name in _STATES.items()}
Found = Row[Any]
_HOLDING = frozenset({JobStatus.TAKEN, JobStatus.UNDER_WAY})


@dataclass(frozen=True)
class Queries:
    """The reads of one process; every function takes a connection within a read transaction."""

    keyring: Keyring
    partners: Partners

    def job(
        self,
        connection: Connection,
        request: pb.GetJobRequest,
        language: str,
        *,
        personal: bool,
        access_scope: AccessScope | None = None,
    ) -> pb.GetJobResponse:
        """Show a job; raise ``NotFound``, and ``Forbidden`` by ``access_scope``.

        ``personal``: whether the caller may see the person.
        """
        statement = select(JOBS)
        if request.job_id:
            statement = statement.where(JOBS.c.job_id == request.job_id)
        else:
            statement = statement.where(JOBS.c.dossier_code == request.dossier_code)
        row = connection.execute(
            statement.order_by(JOBS.c.created_at.desc(), JOBS.c.job_id).limit(1)
        ).first()
        if row is None:
            raise refusals.no_job()
        if access_scope is not None:
            access_scope.require([row.unit])
        return pb.GetJobResponse(
            job=_job(row),
            reports=self._reports(connection, row.job_id, language),
            refusals=_refusals(connection, row.job_id),
            addressee=self._addressee(row) if personal else None,
            receiver=self._receiver(row) if personal else "",
        )

    def jobs(
        self,
        connection: Connection,
        request: pb.ListJobsRequest,
        access_scope: AccessScope | None = None,
    ) -> pb.ListJobsResponse:
        """List jobs, oldest first; raise ``Invalid`` for a page token that is not ours.

        ``access_scope``: only those of the units that an officer covers.
        """
        size = request.page_size or PAGE
        statement = _filtered(request)
        if access_scope is not None:
            units = [
                u for u in index_scan.values(connection, JOBS.c.unit) if access_scope.covers(u)
            ]
            statement = statement.where(JOBS.c.unit.in_(units))
        if request.page_token:
            place = read_page_token(request.page_token)
            statement = statement.where(tuple_(JOBS.c.created_at, JOBS.c.job_id) > place)
        rows = connection.execute(
            statement.order_by(JOBS.c.created_at, JOBS.c.job_id).limit(size + 1)
        ).all()
        answer = pb.ListJobsResponse(jobs=[_job(row) for row in rows[:size]])
        if len(rows) > size:
            last = rows[size - 1]
            answer.next_page_token = page_token(last.job_id, last.created_at)
        return answer

    def all_partners(self, connection: Connection) -> pb.ListPartnersResponse:
        """List the partners in the order in which they are asked, with how many jobs each has."""
        counted = connection.execute(
            select(JOBS.c.partner_id, JOBS.c.state, func.count()).group_by(
                JOBS.c.partner_id, JOBS.c.state
            )
        )
        counts = {(partner, state): number for partner, state, number in counted}
        used = {row.partner_id: row.last_serial for row in connection.execute(select(COUNTERS))}
        answer = pb.ListPartnersResponse()
        for partner in self.partners.all:
            last = max(used.get(partner.id, 0), partner.first_serial - 1)
            answer.partners.add(
                partner_id=partner.id,
                name=partner.name,
                serves=partner.serves,
                offered=counts.get((partner.id, JobStatus.OFFERED), 0),
                taken=counts.get((partner.id, JobStatus.TAKEN), 0),
                under_way=counts.get((partner.id, JobStatus.UNDER_WAY), 0),
                delivered=counts.get((partner.id, JobStatus.DELIVERED), 0),
                returned=counts.get((partner.id, JobStatus.RETURNED), 0),
                serials_left=partner.last_serial - last,
            )
        return answer

    def offered(
        self, connection: Connection, partner_id: str, after: int
    ) -> list[tuple[int, partner_pb.StreamJobsResponse]]:
        """Return the partner's open offers behind a number, each with its own number, in order."""
        rows = connection.execute(
            select(JOBS)
            .where(
                JOBS.c.partner_id == partner_id,
                JOBS.c.state == JobStatus.OFFERED,
                JOBS.c.offer_number > after,
            )
            .order_by(JOBS.c.offer_number)
            .limit(STREAM_PAGE)
        ).all()
        return [
            (
                row.offer_number,
                partner_pb.StreamJobsResponse(
                    cursor=stream_cursor(partner_id, row.offer_number),
                    job=partner_pb.OfferedJob(
                        job_id=row.job_id,
                        unit=row.unit,
                        province=self._open(row, "applicant", row.addressee).province,
                        offered_at=to_timestamp(row.offered_at),
                    ),
                ),
            )
            for row in rows
        ]

    def held(
        self, connection: Connection, partner_id: str, job_id: str, attempt: int
    ) -> pb.Addressee | None:
        """Return the address while this partner holds the job under this attempt, else None."""
        row = connection.execute(
            select(JOBS).where(JOBS.c.job_id == job_id, JOBS.c.partner_id == partner_id)
        ).first()
        if row is None or row.state not in _HOLDING or row.attempt != attempt:
            return None
        return self._addressee(row)

    def own(
        self, connection: Connection, partner_id: str, job_id: str, language: str
    ) -> partner_pb.GetMyJobResponse:
        """Show a partner its own job; raise ``NotFound``, or ``Refused`` when it lost the job."""
        row = connection.execute(select(JOBS).where(JOBS.c.job_id == job_id)).first()
        holder = connection.execute(
            select(HOLDERS).where(HOLDERS.c.job_id == job_id, HOLDERS.c.partner_id == partner_id)
        ).first()
        if row is None or (row.partner_id != partner_id and holder is None):
            raise refusals.no_job()
        if row.partner_id != partner_id:
            raise Refused(refusals.LEASE_LOST)
        mine = row.state != JobStatus.OFFERED
        return partner_pb.GetMyJobResponse(
            job_id=row.job_id,
            state=_STATES[row.state],
            attempt=row.attempt if mine else 0,
            item_number=row.item_number if mine else "",
            reports=self._reports(connection, job_id, language, partner_id),
            lease_until=to_timestamp(row.lease_until),
            addressee=self._addressee(row) if row.state in _HOLDING else None,
        )

    def _addressee(self, row: Found) -> pb.Addressee:
        person = self._open(row, "applicant", row.addressee, erased=True)
        return pb.Addressee(
            name=person.full_name,
            phone=person.phone,
            address=person.address,
            district=person.district,
            province=person.province,
        )

    def _receiver(self, row: Found) -> str:
        if row.receiver is None:
            return ""
        return self._open(row, "receiver", row.receiver, erased=True).full_name

    def _open(self, row: Found, field: str, sealed: bytes, *, erased: bool = False) -> PersonalData:
        person = PersonalData()
        if not self.keyring.open(row.dossier_code, field, SealedData.FromString(sealed), person):
            return _ERASED if erased else person
        return person

    def _reports(
        self, connection: Connection, job_id: str, language: str, partner_id: str = ""
    ) -> list[pb.TrackingReport]:
        statement = select(REPORTS).where(REPORTS.c.job_id == job_id)
        if partner_id:
            statement = statement.where(REPORTS.c.partner_id == partner_id)
        rows = connection.execute(
            statement.order_by(REPORTS.c.happened_at, REPORTS.c.recorded_at, REPORTS.c.report_id)
        )
        return [
            pb.TrackingReport(
                report_id=row.report_id,
                partner_id=row.partner_id,
                item_number=row.item_number,
                code=row.code,
                meaning=getattr(tracking_meaning(row.code), language),
                happened_at=to_timestamp(row.happened_at),
                recorded_at=to_timestamp(row.recorded_at),
                reason_code=row.reason_code,
                contradicts=bool(row.contradicts),
                attempt=row.attempt,
            )
            for row in rows
        ]


_ERASED = PersonalData(
    full_name=ERASED, phone=ERASED, address=ERASED, district=ERASED, province=ERASED
)


def _filtered(request: pb.ListJobsRequest) -> Select[Any]:
    statement = select(JOBS)
    if request.state:
        statement = statement.where(JOBS.c.state == _STATUS[request.state])
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


def _job(row: Found) -> pb.Job:
    return pb.Job(
        job_id=row.job_id,
        dossier_code=row.dossier_code,
        unit=row.unit,
        state=_STATES[row.state],
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
    )


def _refusals(connection: Connection, job_id: str) -> list[pb.Refusal]:
    rows = connection.execute(
        select(REFUSALS).where(REFUSALS.c.job_id == job_id).order_by(REFUSALS.c.sequence)
    )
    return [
        pb.Refusal(
            partner_id=row.partner_id,
            reason_code=row.reason_code,
            reason=row.reason,
            recorded_at=to_timestamp(row.recorded_at),
        )
        for row in rows
    ]
