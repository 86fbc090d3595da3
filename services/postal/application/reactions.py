"""Reactions (process manager) of postal: a case that is resolved becomes a job.

A reaction reads another service's event and returns events of postal's own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ResultChannel, SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import CaseResolved

from kernel.eventsourcing.service_model import Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.application.decision_context import offers
from services.postal.config.partners import Partners
from services.postal.domain import decider
from services.postal.tables import SUBMISSIONS

JOBS_NAMESPACE = uuid.UUID("6f3d5a52-7c1e-5b0e-9a43-0d6a2f6f7a11")
"""A job's id is the UUID version 5 of its cause's event id in this namespace."""


def reactions_of(partners: Partners) -> Mapping[type[Message], Reaction]:
    """Return the reactions by the class of the payload; jobs are offered to ``partners``."""

    def resolved(uow: UnitOfWork, cause: Event, payload: CaseResolved) -> Sequence[Message]:
        """Make a job of a result that goes by post; not for dossiers imported from other
        systems.
        """
        if payload.result_channel != ResultChannel.RESULT_CHANNEL_POST:
            return []
        submission = uow.get(SUBMISSIONS, cause.stream_id)
        if submission is None:
            raise LookupError("a case was resolved whose submission was never read")
        if submission["imported"]:
            return []
        job_id = str(uuid.uuid5(JOBS_NAMESPACE, cause.event_id))
        if job_id in uow.state(cause.stream_id):
            return []
        return decider.create(
            job_id,
            submission["unit"],
            SealedData.FromString(submission["applicant"]),
            offers(uow, partners, submission["unit"]),
        )

    return {CaseResolved: resolved}
