"""Idempotency after a rebuild: answers made from events, where the stored answer was lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.job_events_pb2 import (
    ItemTracked,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
)

from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import payload_as
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.domain import refusals
from services.postal.tables import JOBS

Events = Sequence[Event]
M = TypeVar("M", bound=Message)


def reoffered(
    _uow: UnitOfWork, _request: pb.ReofferJobRequest, call: Call, events: Events
) -> pb.ReofferJobResponse:
    """Return again to whom the job was offered."""
    was = _first(events, call, PostalJobReoffered)
    return pb.ReofferJobResponse(job_id=was.job_id, partner_id=was.partner_id)


def taken(
    uow: UnitOfWork, _request: partner_pb.TakeJobRequest, call: Call, events: Events
) -> partner_pb.TakeJobResponse:
    """Return again attempt, item number and lease of a job that was taken."""
    was = _first(events, call, PostalJobTaken)
    row = uow.get(JOBS, was.job_id)
    return partner_pb.TakeJobResponse(
        job_id=was.job_id,
        attempt=was.attempt,
        item_number=was.item_number,
        lease_until=was.lease_until,
        unit="" if row is None else row["unit"],
    )


def refused(
    _uow: UnitOfWork, _request: partner_pb.RefuseJobRequest, call: Call, events: Events
) -> partner_pb.RefuseJobResponse:
    """Return again that the refusal was received."""
    return partner_pb.RefuseJobResponse(job_id=_first(events, call, PostalJobRefused).job_id)


def tracked(
    _uow: UnitOfWork, request: partner_pb.ReportTrackingRequest, call: Call, events: Events
) -> partner_pb.ReportTrackingResponse:
    """Return again what became of the report."""
    return partner_pb.ReportTrackingResponse(
        report_id=request.report_id,
        contradicts=_contradicts(events, call),
    )


def delivered(
    _uow: UnitOfWork, request: partner_pb.ReportDeliveredRequest, call: Call, events: Events
) -> partner_pb.ReportDeliveredResponse:
    """Return again what became of the report."""
    return partner_pb.ReportDeliveredResponse(
        report_id=request.report_id,
        contradicts=_contradicts(events, call),
    )


def returned(
    _uow: UnitOfWork, request: partner_pb.ReportReturnedRequest, call: Call, events: Events
) -> partner_pb.ReportReturnedResponse:
    """Return again what became of the report."""
    return partner_pb.ReportReturnedResponse(
        report_id=request.report_id,
        contradicts=_contradicts(events, call),
    )


def _contradicts(events: Events, call: Call) -> bool:
    """Return whether the report contradicted an earlier one; one that ended the job did not."""
    payload = _first(events, call, Message)
    return isinstance(payload, ItemTracked) and payload.contradicts


def _first(events: Events, call: Call, kind: type[M]) -> M:
    """Return the first event's payload, if it was this caller's doing; raise ``NotFound``."""
    if events[0].actor.id != call.actor.id:
        raise refusals.no_job()
    return payload_as(events[0], kind)
