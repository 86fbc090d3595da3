"""The access index: who may read a dossier beside the unit that answers for it.

Those who received it, have or had a step of it, were consulted, cooperate or watch.
``dossier_list`` and ``GetDossier`` read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import StepCompleted, StepSentBack
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested, ParticipantChanged
from motcua.routing.v1.types_pb2 import Participation
from sqlalchemy import Connection, select

from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.people.access_scope import officer_key, unit_keys
from services.intake.tables import DOSSIERS, READERS


def unit_takes_part(uow: UnitOfWork, code: str, unit: str) -> None:
    """Let a unit and those above it see a dossier, as far as they don't already.

    The dossier is known: nothing happens to one before it is handed in.
    """
    row = uow.get(DOSSIERS, code) or {}
    answering = row.get("unit") or ""
    if not unit or unit == answering:
        return
    known = set(unit_keys(answering))
    for reader in unit_keys(unit):
        if reader not in known:
            _put(uow, code, reader, row)


def _put(uow: UnitOfWork, code: str, reader: str, dossier: Mapping[str, Any]) -> None:
    at = dossier.get("submitted_at")
    uow.put(READERS, {"dossier_code": code, "reader": reader, "submitted_at": at})


def entered(uow: UnitOfWork, event: Event, payload: Any) -> None:
    """Let the unit that has the next step see the dossier."""
    unit_takes_part(uow, event.stream_id, payload.next.unit)


def asked(uow: UnitOfWork, event: Event, payload: ConsultationRequested) -> None:
    """Let a unit that is asked for its opinion see the dossier."""
    unit_takes_part(uow, event.stream_id, payload.unit)


def officer_takes_part(uow: UnitOfWork, event: Event, payload: ParticipantChanged) -> None:
    """Let an officer who cooperates or watches see the dossier, as long as they do."""
    code = event.stream_id
    if payload.participation == Participation.PARTICIPATION_UNSPECIFIED:
        uow.delete(READERS, code, officer_key(payload.officer))
    else:
        _put(uow, code, officer_key(payload.officer), uow.get(DOSSIERS, code) or {})


def readers(connection: Connection, code: str) -> list[str]:
    """Read who takes part in a dossier beside the unit that answers for it."""
    return list(
        connection.execute(select(READERS.c.reader).where(READERS.c.dossier_code == code)).scalars()
    )


PROJECTIONS: Final[dict[type[Message], Projection]] = {
    StepCompleted: entered,
    StepSentBack: entered,
    ConsultationRequested: asked,
    ParticipantChanged: officer_takes_part,
}
