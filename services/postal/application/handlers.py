"""What the handlers of postal's commands do: collect the context, decide, and append.

Every function runs in the writer's thread and touches nothing but the unit of work;
``command_table`` says which RPC runs it, and how it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from motcua.events.v1.common_pb2 import PersonalData, SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.job_events_pb2 import ItemDelivered

from kernel.base.clock_skew import MAX_AHEAD, in_future, lies_ahead
from kernel.base.errors import Invalid, Refusal, Refused
from kernel.base.instants import to_us
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.people.directory import below
from office.people.rights import require_own_unit
from services.postal.application.decision_context import (
    left_to_collect,
    next_serial,
    offers,
    still_owed,
)
from services.postal.config.partners import Partner, Partners
from services.postal.domain import changes, decider, refusals, s10
from services.postal.domain.reports import PartnerReport, ReportOutcome, receive_report
from services.postal.domain.state import Job, JobStatus
from services.postal.tables import ADDRESSEE, HOLDERS, ITEMS, JOBS, SUBMISSIONS

TRIED_IN_VAIN: Final = "EMH"


@dataclass(frozen=True)
class JobHandlers:
    """What the commands know of the configuration; ``lease`` in microseconds of office time."""

    partners: Partners
    lease: int
    covers: Callable[[str, str], bool] = below
    """Whether a unit's jobs are the business of an officer of another one."""

    def reoffer(self, uow: UnitOfWork, request: pb.ReofferJobRequest, call: Call) -> list[Event]:
        """Offer a job again by hand."""
        if request.partner_id and self.partners.find(request.partner_id) is None:
            raise Invalid([refusals.UNKNOWN_PARTNER])
        row, job = self._of_office(uow, request.job_id, call)
        _not_collected(uow, row)
        offered = offers(uow, self.partners, job.unit)
        events = _allowed(decider.reoffer(job, request.partner_id, request.reason, offered))
        return uow.append_call(row["dossier_code"], events, call)

    def take(self, uow: UnitOfWork, request: partner_pb.TakeJobRequest, call: Call) -> list[Event]:
        """Let a partner take a job that it was offered; nothing when it holds the job already."""
        row, job = _own(uow, request.job_id, call)
        if job.status is not JobStatus.OFFERED:
            _allowed(decider.take(job, job.item_number, 0, 0))
            return []
        _not_collected(uow, row)
        number, serial = self._number(uow, request.item_number, self._partner(call))
        owed = still_owed(uow.get(SUBMISSIONS, row["dossier_code"]))
        taken = _allowed(decider.take(job, number, serial, call.now + self.lease, owed))
        return uow.append_call(row["dossier_code"], taken, call)

    def refuse(
        self, uow: UnitOfWork, request: partner_pb.RefuseJobRequest, call: Call
    ) -> list[Event]:
        """Take a job from the partner that refuses it."""
        row, job = _own(uow, request.job_id, call)
        offered = offers(uow, self.partners, job.unit)
        outcome = decider.refuse(job, request.attempt, request.reason_code, request.reason, offered)
        return uow.append_call(row["dossier_code"], _allowed(outcome), call)

    def tracked(
        self, uow: UnitOfWork, request: partner_pb.ReportTrackingRequest, call: Call
    ) -> list[Event]:
        """Keep a report of the item's journey."""
        code, reason = request.code, request.reason_code
        if code == TRIED_IN_VAIN and not reason:
            raise Invalid([refusals.GROUND_MISSING])
        report = _report_of(request, call, "tracked", code=code, reason_code=reason)
        return _reported(uow, request.job_id, report, call)

    def delivered(
        self, uow: UnitOfWork, request: partner_pb.ReportDeliveredRequest, call: Call
    ) -> list[Event]:
        """Keep a delivery with its proof."""
        report = _report_of(
            request,
            call,
            "delivered",
            proof_sha256=request.proof_sha256,
            collected=_collected(request),
            phi_receipt=request.phi_receipt,
            le_phi_receipt=request.le_phi_receipt,
        )
        return _reported(uow, request.job_id, report, call, request.receiver_name)

    def returned(
        self, uow: UnitOfWork, request: partner_pb.ReportReturnedRequest, call: Call
    ) -> list[Event]:
        """Keep a return."""
        report = _report_of(request, call, "returned", reason_code=request.reason_code)
        return _reported(uow, request.job_id, report, call)

    def cancel(self, uow: UnitOfWork, request: pb.CancelJobRequest, call: Call) -> list[Event]:
        """Cancel a job, or ask its holder."""
        row, job = self._of_office(uow, request.job_id, call)
        offered = offers(uow, self.partners, job.unit)
        events = _allowed(changes.cancel(job, request.reason, offered))
        return uow.append_call(row["dossier_code"], events, call)

    def recall(self, uow: UnitOfWork, request: pb.RecallItemRequest, call: Call) -> list[Event]:
        """Ask for an item back."""
        row, job = self._of_office(uow, request.job_id, call)
        offered = offers(uow, self.partners, job.unit)
        events = _allowed(changes.recall(job, request.reason, offered))
        return uow.append_call(row["dossier_code"], events, call)

    def change_address(
        self, uow: UnitOfWork, request: pb.ChangeAddressRequest, call: Call
    ) -> list[Event]:
        """Send an item elsewhere, or ask its holder to."""
        row, job = self._of_office(uow, request.job_id, call)
        code, to = row["dossier_code"], request.addressee
        person = PersonalData(
            full_name=to.name,
            phone=to.phone,
            address=to.address,
            district=to.district,
            province=to.province,
        )
        # Decided first: a key is not made for what is refused.
        offered, reason = offers(uow, self.partners, job.unit), request.reason
        _allowed(changes.change_address(job, SealedData(), reason, offered))
        sealed = uow.new_key(code).seal(ADDRESSEE, person)
        events = _allowed(changes.change_address(job, sealed, reason, offered))
        return uow.append_call(code, events, call)

    def answer_change(
        self, uow: UnitOfWork, request: partner_pb.AnswerChangeRequest, call: Call
    ) -> list[Event]:
        """Keep a partner's answer to what the office asks."""
        if not request.accepted and not request.reason_code:
            raise Invalid([refusals.ANSWER_GROUND])
        row, job = _own(uow, request.job_id, call)
        events = changes.answer(
            job,
            request.number,
            accepted=request.accepted,
            reason_code=request.reason_code,
            reason=request.reason,
        )
        return uow.append_call(row["dossier_code"], _allowed(events), call)

    def _of_office(self, uow: UnitOfWork, job_id: str, call: Call) -> tuple[Row, Job]:
        """Return a job to an officer of its unit, or of one above; raise ``Forbidden``."""
        row = uow.get(JOBS, job_id)
        if row is None:
            raise refusals.no_job()
        require_own_unit(call.rule, call.actor, row["unit"], self.covers)
        return row, _job(uow, row)

    def expire(self, uow: UnitOfWork, row: Row, now: int) -> int:
        """End a job's lease when it has run out; return the number of events."""
        job = _job(uow, row)
        events = decider.expire(job, now, offers(uow, self.partners, job.unit))
        if events:
            uow.append(
                row["dossier_code"],
                events,
                actor=uow.system_actor(),
                occurred_at=job.lease_until,
                recorded_at=now,
                causation_id=row["taken_event_id"],
                correlation_id=row["correlation_id"],
            )
        return len(events)

    def _partner(self, call: Call) -> Partner:
        partner = self.partners.find(call.actor.id)
        if partner is None:
            raise refusals.no_job()
        return partner

    def _number(self, uow: UnitOfWork, report: str, partner: Partner) -> tuple[str, int]:
        if report:
            if uow.get(ITEMS, report) is not None:
                raise refusals.item_used()
            return report, 0
        serial = next_serial(uow, partner)
        if serial is None:
            raise Refused(refusals.SERIES_EXHAUSTED)
        return s10.item_number(serial), serial


def _own(uow: UnitOfWork, job_id: str, call: Call) -> tuple[Row, Job]:
    """Return a job of the calling partner.

    Both rows are read whatever the first says, so that another partner's job and one that does not
    exist take the same time. A partner that has lost the job gets ``LEASE_LOST``.
    """
    row = uow.get(JOBS, job_id)
    holder = uow.get(HOLDERS, job_id, call.actor.id)
    if row is None or (row["partner_id"] != call.actor.id and holder is None):
        raise refusals.no_job()
    if row["partner_id"] != call.actor.id:
        raise Refused(refusals.LEASE_LOST)
    return row, _job(uow, row)


def _not_collected(uow: UnitOfWork, row: Row) -> None:
    """Refuse to send out what the citizen has collected meanwhile."""
    submission = uow.get(SUBMISSIONS, row["dossier_code"])
    if submission is not None and submission["collected"]:
        raise Refused(refusals.RESULT_COLLECTED)


def _job(uow: UnitOfWork, row: Row) -> Job:
    job: Job = uow.state(row["dossier_code"])[row["job_id"]]
    return job


def _allowed(outcome: Any) -> Any:
    if isinstance(outcome, Refusal):
        raise Refused(outcome)
    return outcome


def _collected(request: partner_pb.ReportDeliveredRequest) -> tuple[int, int]:
    """Return the phí and the lệ phí collected; raise ``Invalid`` for money without its receipt."""
    money = request.collected
    wrong = [
        refusals.receipt_missing(kind)
        for kind in ("phi", "le_phi")
        if getattr(money, kind) and not getattr(request, f"{kind}_receipt")
    ]
    if money.total and money.total != money.phi + money.le_phi:
        wrong.append(refusals.COLLECTED_TOTAL)
    if wrong:
        raise Invalid(wrong)
    return money.phi, money.le_phi


def _report_of(request: Any, call: Call, kind: Any, **content: Any) -> PartnerReport:
    happened_at = to_us(request.happened_at)
    if lies_ahead(happened_at, call.now):
        raise Invalid([in_future("happened_at")])
    return PartnerReport(
        kind,
        call.actor.id,
        request.attempt,
        request.report_id,
        happened_at,
        item_number=request.item_number,
        **content,
    )


def _reported(
    uow: UnitOfWork, job_id: str, report: PartnerReport, call: Call, receiver: str = ""
) -> list[Event]:
    row, job = _own(uow, job_id, call)
    if report.happened_at < row["created_at"] - MAX_AHEAD:
        raise Invalid([refusals.BEFORE_JOB])
    code = row["dossier_code"]
    left = left_to_collect(row, still_owed(uow.get(SUBMISSIONS, code)))
    outcome: ReportOutcome = _allowed(receive_report(job, replace(report, to_collect=left)))
    for event in outcome.events:
        if receiver and isinstance(event, ItemDelivered):
            sealed = uow.new_key(code).seal("receiver", PersonalData(full_name=receiver))
            event.receiver.CopyFrom(sealed)
    return uow.append_call(code, outcome.events, call)
