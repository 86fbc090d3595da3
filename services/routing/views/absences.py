"""The rows of ``absences``, from the events of the officers' own streams.

No state is folded from those streams: these rows are the one thing that is kept of them.
"""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated, AbsenceEnded

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.absences.officer_stream import absence_in
from services.routing.tables import ABSENCES


def _delegated(uow: UnitOfWork, event: Event, payload: AbsenceDelegated) -> None:
    row = {
        "officer": payload.officer,
        "sequence": event.sequence,
        "substitute": payload.substitute,
        "begins_at": to_us(payload.begins_at),
        "ends_at": to_us(payload.ends_at),
        "unit": payload.unit,
        "ended_in": "",
    }
    uow.put(ABSENCES, row)


def _ended(uow: UnitOfWork, event: Event, payload: AbsenceEnded) -> None:
    at = to_us(event.occurred_at)
    for sequence in range(1, event.sequence):
        row = uow.get(ABSENCES, payload.officer, sequence)
        absence = row and absence_in(row)
        if row and absence and absence.delegation.runs(at):
            left = absence.ended(payload.unit, at).delegation
            ended = {"ends_at": left.ends_at, "ended_in": " ".join(left.ended_in)}
            uow.put(ABSENCES, {**row, **ended})


PROJECTIONS: dict[type[Message], Projection] = {AbsenceDelegated: _delegated, AbsenceEnded: _ended}
