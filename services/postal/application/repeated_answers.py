"""Answers made again from events, for requests whose first answer was lost with the database."""

from __future__ import annotations

from collections.abc import Sequence

from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb

from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.domain import refusals
from services.postal.tables import JOBS

Events = Sequence[DossierEvent]


def reoffered(
    _uow: UnitOfWork, _request: pb.ReofferJobRequest, call: Call, events: Events
) -> pb.ReofferJobResponse:
    """Say again to whom the job was offered."""
    was = _first(events, call).postal_job_reoffered
    return pb.ReofferJobResponse(job_id=was.job_id, partner_id=was.partner_id)


def taken(
    uow: UnitOfWork, _request: partner_pb.TakeJobRequest, call: Call, events: Events
) -> partner_pb.TakeJobResponse:
    """Return again what the taking of the job gave."""
    was = _first(events, call).postal_job_taken
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
    """Say again that the refusal was received."""
    return partner_pb.RefuseJobResponse(job_id=_first(events, call).postal_job_refused.job_id)


def tracked(
    _uow: UnitOfWork, request: partner_pb.ReportTrackingRequest, call: Call, events: Events
) -> partner_pb.ReportTrackingResponse:
    """Say again what became of the report."""
    return partner_pb.ReportTrackingResponse(
        report_id=request.report_id, contradicts=_first(events, call).item_tracked.contradicts
    )


def delivered(
    _uow: UnitOfWork, request: partner_pb.ReportDeliveredRequest, call: Call, events: Events
) -> partner_pb.ReportDeliveredResponse:
    """Say again what became of the report."""
    return partner_pb.ReportDeliveredResponse(
        report_id=request.report_id, contradicts=_first(events, call).item_tracked.contradicts
    )


def returned(
    _uow: UnitOfWork, request: partner_pb.ReportReturnedRequest, call: Call, events: Events
) -> partner_pb.ReportReturnedResponse:
    """Say again what became of the report."""
    return partner_pb.ReportReturnedResponse(
        report_id=request.report_id, contradicts=_first(events, call).item_tracked.contradicts
    )


def _first(events: Events, call: Call) -> DossierEvent:
    """Return the first event, if it was this caller's doing; raise ``NotFound``."""
    if events[0].actor.id != call.actor.id:
        raise refusals.no_job()
    return events[0]
