"""Read model (projection) of the files of dossiers."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import FileStored

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.tables import FILES


def stored(uow: UnitOfWork, event: Event, payload: FileStored) -> None:
    """Enter the file."""
    uow.put(
        FILES,
        {
            "dossier_code": event.stream_id,
            "sha256": payload.sha256,
            "sequence": event.sequence,
            "stored_at": to_us(event.occurred_at),
            "part": payload.part,
            "size": payload.size,
            "media_type": payload.media_type,
            "file_id": payload.file_id,
            "key": payload.key.SerializeToString(),
        },
    )


PROJECTIONS: Final[dict[type[Message], Projection]] = {FileStored: stored}
