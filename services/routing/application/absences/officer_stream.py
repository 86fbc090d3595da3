"""The stream of an officer, beside those of dossiers: who stands in for whom, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import select

from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.people.directory import below
from office.streams import DOSSIER, OFFICER
from services.routing.domain.collaboration_state import Delegation
from services.routing.tables import ABSENCES

LEADING: Final = frozenset({"head", "leader"})
"""Who speaks for the officers of the own unit and those below it."""


def cases_in(events: Iterable[Event]) -> list[str]:
    """Return the dossiers among what one command wrote, beside the officer's own stream."""
    return sorted({event.stream_id for event in events if event.stream_kind == DOSSIER})


def hold(uow: UnitOfWork, officer: str) -> None:
    """Let nobody else give an officer work, or say or end an absence, until this transaction ends:
    each looks at what the others write, and two processes would see neither.
    """
    lease = {"name": f"{OFFICER}:{officer}", "holder": "", "expires_at": 0}
    uow.lock(uow.model.tables.leases, lease)


@dataclass(frozen=True, slots=True)
class RecordedAbsence:
    """Somebody stands in for an officer's work in a unit and those below it; empty for all."""

    unit: str
    delegation: Delegation

    def of(self, unit: str) -> bool:
        """Return whether a step of a unit is covered while it lasts."""
        return (not self.unit or below(unit, self.unit)) and self.delegation.covers(unit)

    def meets(self, unit: str) -> bool:
        """Return whether it was said for some work of a unit and those below it; empty for all."""
        return not unit or not self.unit or below(self.unit, unit) or below(unit, self.unit)

    def touches(self, unit: str) -> bool:
        """Return whether some work of a unit and those below it (empty for all) is covered yet."""
        return self.meets(unit) and self.delegation.covers(unit)

    def ended(self, unit: str, at: int) -> RecordedAbsence:
        """Return it as it is when it ends at an instant for the work of a unit; empty for all."""
        if not self.touches(unit):
            return self
        whole = not unit or below(self.unit, unit)
        return RecordedAbsence(self.unit, self.delegation.ended("" if whole else unit, at))


def absences(uow: UnitOfWork, officer: str, at: int) -> list[RecordedAbsence]:
    """List an officer's absences that end after an instant, in the order of the record."""
    c = ABSENCES.c
    found = select(ABSENCES).where(c.officer == officer, c.ends_at > at).order_by(c.sequence)
    return [absence_in(row._mapping) for row in uow.query(found)]


def absence_in(row: Any) -> RecordedAbsence:
    """Return the absence of a row."""
    delegation = Delegation(
        row["officer"],
        row["substitute"],
        row["begins_at"],
        row["ends_at"],
        tuple(row["ended_in"].split()),
    )
    return RecordedAbsence(row["unit"], delegation)
