"""What postal does by itself when it reads another service's event."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ResultChannel, SealedData
from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.application.decision_context import offers
from services.postal.config.partners import configured
from services.postal.domain import decider
from services.postal.tables import SUBMISSIONS

JOBS_NAMESPACE = uuid.UUID("6f3d5a52-7c1e-5b0e-9a43-0d6a2f6f7a11")
"""A job's id is the UUID version 5 of its cause's event id in this namespace."""


def resolved(uow: UnitOfWork, cause: DossierEvent) -> Sequence[Message]:
    """Make a job of a result that goes by post; not for dossiers brought in from other systems."""
    if cause.case_resolved.result_channel != ResultChannel.RESULT_CHANNEL_POST:
        return []
    submission = uow.get(SUBMISSIONS, cause.dossier_code)
    if submission is None:
        raise LookupError("a case was resolved whose submission was never read")
    if submission["imported"]:
        return []
    job_id = str(uuid.uuid5(JOBS_NAMESPACE, cause.event_id))
    if job_id in uow.state(cause.dossier_code):
        return []
    return decider.create(
        job_id,
        submission["unit"],
        SealedData.FromString(submission["applicant"]),
        offers(uow, configured(), submission["unit"]),
    )


REACTIONS: Mapping[str, Callable[[UnitOfWork, DossierEvent], Sequence[Message]]] = {
    "case_resolved": resolved
}
"""By the payload's field in the envelope."""
