"""Who takes part in a dossier beside the unit that answers for it: those who received it, have or
had a step of it, were asked, cooperate or watch. ``listing`` and ``GetDossier`` show it to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.routing.v1.types_pb2 import Participation
from sqlalchemy import Connection, select

from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.people.access_scope import person, readers_of
from services.intake.tables import DOSSIERS, READERS


def unit_takes_part(uow: UnitOfWork, code: str, unit: str) -> None:
    """Let a unit and those above it see a dossier, as far as they don't already.

    The dossier is known: nothing happens to one before it is handed in.
    """
    row = uow.get(DOSSIERS, code) or {}
    answering = row.get("unit") or ""
    if not unit or unit == answering:
        return
    known = set(readers_of(answering))
    for reader in readers_of(unit):
        if reader not in known:
            _put(uow, code, reader, row)


def _put(uow: UnitOfWork, code: str, reader: str, dossier: Mapping[str, Any]) -> None:
    at = dossier.get("submitted_at")
    uow.put(READERS, {"dossier_code": code, "reader": reader, "submitted_at": at})


def entered(uow: UnitOfWork, event: DossierEvent) -> None:
    """Let the unit that has the next step see the dossier."""
    payload = getattr(event, event.WhichOneof("payload") or "")
    unit_takes_part(uow, event.dossier_code, payload.next.unit)


def asked(uow: UnitOfWork, event: DossierEvent) -> None:
    """Let a unit that is asked for its opinion see the dossier."""
    unit_takes_part(uow, event.dossier_code, event.consultation_requested.unit)


def officer_takes_part(uow: UnitOfWork, event: DossierEvent) -> None:
    """Let an officer who cooperates or watches see the dossier, as long as they do."""
    it, code = event.participant_changed, event.dossier_code
    if it.participation == Participation.PARTICIPATION_UNSPECIFIED:
        uow.delete(READERS, code, person(it.officer))
    else:
        _put(uow, code, person(it.officer), uow.get(DOSSIERS, code) or {})


def readers(connection: Connection, code: str) -> list[str]:
    """Read who takes part in a dossier beside the unit that answers for it."""
    return list(
        connection.execute(select(READERS.c.reader).where(READERS.c.dossier_code == code)).scalars()
    )


PROJECTIONS: Final[dict[str, Projection]] = {
    "step_completed": entered,
    "step_sent_back": entered,
    "consultation_requested": asked,
    "participant_changed": officer_takes_part,
}
