"""The answers to postal's commands, from the events that a request led to (idempotency).

The same the first time and each time the request is repeated.

A partner may send the same thing under a new request id; it led to no event, and the answer is made
from the job as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.job_events_pb2 import (
    ItemTracked,
    PostalJobChangeAnswered,
    PostalJobChangeRequested,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
)

from kernel.base.instants import to_timestamp
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import payload_as
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.domain import refusals
from services.postal.domain.state import Job
from services.postal.tables import JOBS

Events = Sequence[Event]
M = TypeVar("M", bound=Message)
Report = (
    partner_pb.ReportTrackingRequest
    | partner_pb.ReportDeliveredRequest
    | partner_pb.ReportReturnedRequest
)


def reoffered(
    _uow: UnitOfWork, _request: pb.ReofferJobRequest, call: Call, events: Events
) -> pb.ReofferJobResponse:
    """Return to whom the job was offered."""
    payload = _first(events, call, PostalJobReoffered)
    return pb.ReofferJobResponse(job_id=payload.job_id, partner_id=payload.partner_id)


def taken(
    uow: UnitOfWork, request: partner_pb.TakeJobRequest, call: Call, events: Events
) -> partner_pb.TakeJobResponse:
    """Return what the taking of the job gave.

    The answer lacks the address: answers are stored, and an address never is in clear.
    """
    if not events:
        job = _job(uow, request.job_id)
        return partner_pb.TakeJobResponse(
            job_id=job.job_id,
            attempt=job.attempt,
            item_number=job.item_number,
            lease_until=to_timestamp(job.lease_until),
            unit=job.unit,
        )
    payload = _first(events, call, PostalJobTaken)
    row = uow.get(JOBS, payload.job_id)
    return partner_pb.TakeJobResponse(
        job_id=payload.job_id,
        attempt=payload.attempt,
        item_number=payload.item_number,
        lease_until=payload.lease_until,
        unit="" if row is None else row["unit"],
    )


def refused(
    _uow: UnitOfWork, _request: partner_pb.RefuseJobRequest, call: Call, events: Events
) -> partner_pb.RefuseJobResponse:
    """Confirm that the refusal was received."""
    return partner_pb.RefuseJobResponse(job_id=_first(events, call, PostalJobRefused).job_id)


def changed(
    uow: UnitOfWork, request: Any, call: Call, events: Events
) -> pb.CancelJobResponse | pb.RecallItemResponse | pb.ChangeAddressResponse:
    """Return what came of the office's wish, and whom it waits for."""
    payload = _first(events, call, Message)
    asked = payload.number if isinstance(payload, PostalJobChangeRequested) else 0
    row = uow.get(JOBS, request.job_id)
    state = "" if row is None else row["state"]
    answer: pb.CancelJobResponse | pb.RecallItemResponse | pb.ChangeAddressResponse
    answer = _CHANGED[type(request)](job_id=request.job_id, state=job_state(state), number=asked)
    return answer


def change_answered(
    uow: UnitOfWork, request: partner_pb.AnswerChangeRequest, call: Call, events: Events
) -> partner_pb.AnswerChangeResponse:
    """Confirm that the answer was received; the new address is put in when it is asked for."""
    _first(events, call, PostalJobChangeAnswered)
    row = uow.get(JOBS, request.job_id)
    state = "" if row is None else row["state"]
    return partner_pb.AnswerChangeResponse(job_id=request.job_id, state=job_state(state))


def job_state(state: str) -> str:
    """Return the contract's name of a state of a row."""
    return f"JOB_STATE_{state.upper() or 'UNSPECIFIED'}"


_CHANGED: Final[Mapping[type[Message], Any]] = {
    pb.CancelJobRequest: pb.CancelJobResponse,
    pb.RecallItemRequest: pb.RecallItemResponse,
    pb.ChangeAddressRequest: pb.ChangeAddressResponse,
}


def tracked(
    uow: UnitOfWork, request: partner_pb.ReportTrackingRequest, call: Call, events: Events
) -> partner_pb.ReportTrackingResponse:
    """Return what became of the report."""
    contradicts = _contradicts(uow, request, call, events)
    return partner_pb.ReportTrackingResponse(report_id=request.report_id, contradicts=contradicts)


def delivered(
    uow: UnitOfWork, request: partner_pb.ReportDeliveredRequest, call: Call, events: Events
) -> partner_pb.ReportDeliveredResponse:
    """Return what became of the report."""
    contradicts = _contradicts(uow, request, call, events)
    return partner_pb.ReportDeliveredResponse(report_id=request.report_id, contradicts=contradicts)


def returned(
    uow: UnitOfWork, request: partner_pb.ReportReturnedRequest, call: Call, events: Events
) -> partner_pb.ReportReturnedResponse:
    """Return what became of the report."""
    contradicts = _contradicts(uow, request, call, events)
    return partner_pb.ReportReturnedResponse(report_id=request.report_id, contradicts=contradicts)


def _contradicts(uow: UnitOfWork, request: Report, call: Call, events: Events) -> bool:
    """Return whether the report contradicted an earlier one; one that ended the job did not."""
    if not events:
        return _job(uow, request.job_id).reports[call.actor.id, request.report_id].contradicts
    payload = _first(events, call, Message)
    return isinstance(payload, ItemTracked) and payload.contradicts


def _job(uow: UnitOfWork, job_id: str) -> Job:
    row = uow.get(JOBS, job_id)
    if row is None:
        raise refusals.no_job()
    job: Job = uow.state(row["dossier_code"])[job_id]
    return job


def _first(events: Events, call: Call, kind: type[M]) -> M:
    """Return the first event's payload, if it was this caller's doing; raise ``NotFound``."""
    if events[0].actor.id != call.actor.id:
        raise refusals.no_job()
    return payload_as(events[0], kind)
