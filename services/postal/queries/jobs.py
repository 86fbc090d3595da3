"""Postal's reads. Personal data is opened here, at read time, and nowhere kept in clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from motcua.events.v1.common_pb2 import PersonalData, SealedData
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from sqlalchemy import Connection, Select, and_, func, select, tuple_

from kernel.base.errors import Refused
from kernel.base.instants import to_timestamp
from kernel.crypto.keyring import Keyring
from kernel.storage import index_scan
from office.people.access_scope import AccessScope
from office.sealed_text import open_texts
from office.tracking_codes import tracking_meaning
from services.postal.config.partners import Partners
from services.postal.domain import refusals
from services.postal.domain.state import HELD, JobStatus
from services.postal.queries.cursors import page_token, read_page_token, stream_cursor
from services.postal.queries.job_messages import (
    ERASED_PERSON,
    FEES,
    SELECT,
    STATES,
    STATUS,
    WITH_FEES,
    Found,
    addressee_of,
    bounds_of_day,
    filtered,
    job_of,
    own_job,
    refusals_of,
    to_collect,
)
from services.postal.queries.pickup import PickupPoints
from services.postal.tables import (
    ADDRESSEE,
    CHANGES,
    COUNTERS,
    HOLDERS,
    JOBS,
    REPORTS,
)

STREAM_PAGE = 100
PAGE = 50
_SELECT_OWN = select(JOBS, *FEES, CHANGES.c.change.label("asked_change")).select_from(
    WITH_FEES.outerjoin(
        CHANGES,
        and_(CHANGES.c.job_id == JOBS.c.job_id, CHANGES.c.number == JOBS.c.open_change),
    )
)
_SELECT_CHANGES = select(CHANGES, JOBS.c.dossier_code).join_from(
    CHANGES, JOBS, CHANGES.c.job_id == JOBS.c.job_id
)


@dataclass(frozen=True)
class Queries:
    """The reads of one process; every function takes a connection within a read transaction."""

    keyring: Keyring
    partners: Partners
    pickups: PickupPoints

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
        statement = SELECT
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
            job=job_of(row),
            reports=self._reports(connection, row.job_id, language),
            refusals=refusals_of(connection, self.keyring, row.job_id),
            changes=self._changes(connection, row, personal=personal),
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
        statement = filtered(request)
        if access_scope is not None:
            units = [
                u for u in index_scan.values(connection, JOBS.c.unit) if access_scope.covers(u)
            ]
            statement = statement.where(JOBS.c.unit.in_(units))
        rows, following = _page(connection, statement, request)
        return pb.ListJobsResponse(jobs=[job_of(row) for row in rows], next_page_token=following)

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
        """Return what is open for a partner behind a number, offers and requests of the office,
        each with its own number, in order.
        """
        found = [
            *self._offers(connection, partner_id, after),
            *self._requests(connection, partner_id, after),
        ]
        return sorted(found, key=lambda each: each[0])[:STREAM_PAGE]

    def _offers(
        self, connection: Connection, partner_id: str, after: int
    ) -> list[tuple[int, partner_pb.StreamJobsResponse]]:
        pickups = cache(self.pickups.of)  # a page has few units
        rows = connection.execute(
            SELECT.where(
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
                        province=self._open(row, row.addressee_field, row.addressee).province,
                        offered_at=to_timestamp(row.offered_at),
                        pickup=pickups(row.unit),
                        collect=to_collect(row),
                    ),
                ),
            )
            for row in rows
        ]

    def _requests(
        self, connection: Connection, partner_id: str, after: int
    ) -> list[tuple[int, partner_pb.StreamJobsResponse]]:
        rows = connection.execute(
            _SELECT_CHANGES.where(
                CHANGES.c.partner_id == partner_id,
                CHANGES.c.state == pb.ChangeState.CHANGE_STATE_OPEN,
                CHANGES.c.offer_number > after,
            )
            .order_by(CHANGES.c.offer_number)
            .limit(STREAM_PAGE)
        ).all()
        return [
            (
                row.offer_number,
                partner_pb.StreamJobsResponse(
                    cursor=stream_cursor(partner_id, row.offer_number),
                    change=self._change(row, personal=True),
                ),
            )
            for row in rows
        ]

    def _changes(
        self, connection: Connection, job: Found, *, personal: bool
    ) -> list[pb.ChangeRequest]:
        rows = connection.execute(
            _SELECT_CHANGES.where(CHANGES.c.job_id == job.job_id).order_by(CHANGES.c.number)
        )
        return [self._change(row, personal=personal) for row in rows]

    def _change(self, row: Found, *, personal: bool) -> pb.ChangeRequest:
        found = pb.ChangeRequest(
            job_id=row.job_id,
            number=row.number,
            change=row.change,
            partner_id=row.partner_id,
            attempt=row.attempt,
            state=row.state,
            reason=open_texts(self.keyring, row.reason),
            answer_code=row.answer_code,
            answer=open_texts(self.keyring, row.answer),
            asked_at=to_timestamp(row.asked_at),
            ended_at=to_timestamp(row.ended_at),
        )
        if personal and row.addressee is not None:
            found.addressee.CopyFrom(
                addressee_of(self._open(row, ADDRESSEE, row.addressee, erased=True))
            )
        return found

    def complete_taking(
        self, connection: Connection, partner_id: str, answer: partner_pb.TakeJobResponse
    ) -> None:
        """Put into an answer what is stored in none: the counter, and while this partner holds the
        job under this attempt the address and the money to collect.
        """
        answer.pickup.CopyFrom(self.pickups.of(answer.unit))
        row = self._held(connection, partner_id, answer.job_id)
        if row is not None and row.attempt == answer.attempt:
            answer.addressee.CopyFrom(self._addressee(row))
            if (collect := to_collect(row)) is not None:
                answer.collect.CopyFrom(collect)

    def complete_answer(
        self, connection: Connection, partner_id: str, answer: partner_pb.AnswerChangeResponse
    ) -> None:
        """Put the address into an answer while this partner holds the job."""
        row = self._held(connection, partner_id, answer.job_id)
        if row is not None:
            answer.addressee.CopyFrom(self._addressee(row))

    def _held(self, connection: Connection, partner_id: str, job_id: str) -> Found | None:
        return connection.execute(
            SELECT.where(
                JOBS.c.job_id == job_id,
                JOBS.c.partner_id == partner_id,
                JOBS.c.state.in_(HELD),
            )
        ).first()

    def own_jobs(
        self, connection: Connection, partner_id: str, request: partner_pb.ListMyJobsRequest
    ) -> partner_pb.ListMyJobsResponse:
        """List a partner's jobs, oldest first; raise ``Invalid`` for a wrong page token."""
        statement = _SELECT_OWN.where(JOBS.c.partner_id == partner_id)
        if request.state:
            statement = statement.where(JOBS.c.state == STATUS[request.state])
        if request.day:
            begins, ends = bounds_of_day(request.day)
            statement = statement.where(JOBS.c.created_at >= begins, JOBS.c.created_at < ends)
        rows, following = _page(connection, statement, request)
        jobs = [own_job(row) for row in rows]
        return partner_pb.ListMyJobsResponse(jobs=jobs, next_page_token=following)

    def own(
        self, connection: Connection, partner_id: str, job_id: str, language: str
    ) -> partner_pb.GetMyJobResponse:
        """Show a partner its own job; raise ``NotFound``, or ``Refused`` when it lost the job."""
        row = connection.execute(SELECT.where(JOBS.c.job_id == job_id)).first()
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
            state=STATES[row.state],
            attempt=row.attempt if mine else 0,
            item_number=row.item_number if mine else "",
            reports=self._reports(connection, job_id, language, partner_id),
            lease_until=to_timestamp(row.lease_until),
            addressee=self._addressee(row) if row.state in HELD else None,
            pickup=self.pickups.of(row.unit),
            collect=to_collect(row),
            change=next(
                (
                    each
                    for each in self._changes(connection, row, personal=row.state in HELD)
                    if each.number == row.open_change
                ),
                None,
            ),
        )

    def _addressee(self, row: Found) -> pb.Addressee:
        return addressee_of(self._open(row, row.addressee_field, row.addressee, erased=True))

    def _receiver(self, row: Found) -> str:
        if row.receiver is None:
            return ""
        return self._open(row, "receiver", row.receiver, erased=True).full_name

    def _open(self, row: Found, field: str, sealed: bytes, *, erased: bool = False) -> PersonalData:
        person = PersonalData()
        if not self.keyring.open(row.dossier_code, field, SealedData.FromString(sealed), person):
            return ERASED_PERSON if erased else person
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


def _page(
    connection: Connection,
    statement: Select[Any],
    request: pb.ListJobsRequest | partner_pb.ListMyJobsRequest,
) -> tuple[Sequence[Found], str]:
    """Return a page of jobs, oldest first, and the token of the next one; empty when this is the
    last. Raise ``Invalid`` for a token that is not ours.
    """
    size = request.page_size or PAGE
    if request.page_token:
        place = read_page_token(request.page_token)
        statement = statement.where(tuple_(JOBS.c.created_at, JOBS.c.job_id) > place)
    rows = connection.execute(
        statement.order_by(JOBS.c.created_at, JOBS.c.job_id).limit(size + 1)
    ).all()
    page = rows[:size]
    return page, page_token(page[-1].job_id, page[-1].created_at) if len(rows) > size else ""
