"""When a service's reactions began: one that a release has added reacts to nothing of before.

The beginning is on the log, so a rebuild knows it. Reactions that a service has from its first
start on have none: what waits on the log for a new service is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from motcua.events.v1.event_pb2 import Event
from motcua.operations.v1.service_events_pb2 import ReactionsIntroduced
from sqlalchemy import Connection

from kernel.base.clock import Clock
from kernel.base.instants import to_us
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Place
from kernel.consumer.decisions.service_stream import events_of, write
from kernel.eventsourcing.envelope import payload_as, type_name
from kernel.eventsourcing.readiness import WHOLE
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class _Introduced:
    positions: Mapping[int, int]
    at: int


class Beginnings:
    """When each reaction began, by the type of its cause."""

    def __init__(self, connection: Connection, model: Model) -> None:
        self._begun: dict[str, _Introduced] = {}
        for event in events_of(connection, model, ReactionsIntroduced):
            payload = payload_as(event, ReactionsIntroduced)
            begun = _Introduced(dict(enumerate(payload.positions)), to_us(event.recorded_at))
            self._begun |= dict.fromkeys(payload.causes, begun)

    def missing(self, model: Model) -> list[str]:
        """List the causes of those reactions that were not introduced, by full name."""
        return sorted(
            {cause.DESCRIPTOR.full_name for cause in model.reactions} - self._begun.keys()
        )

    def is_before(self, event: Event, place: Place) -> bool:
        """Return whether an event came before the reaction to it was introduced.

        It stands before the position and was recorded before. On a log that was repaired offsets
        are others; to react once more is then better than never to.
        """
        begun = self._begun.get(type_name(event))
        if begun is None:
            return False
        partition, offset = place
        before = offset < begun.positions.get(partition, 0)
        return before and to_us(event.recorded_at) < begun.at

    def any(self) -> bool:
        """Return whether the service has introduced some before."""
        return bool(self._begun)


def introduce(uow: UnitOfWork, clock: Clock) -> None:
    """Write which reactions are new; done when the log was read to its end, and before any that was
    left for later is run.

    On a database that was never whole, of a service that has introduced none, this is the first
    start.
    """
    begun = Beginnings(uow.connection, uow.model)
    missing = begun.missing(uow.model)
    if not missing:
        return
    first = not begun.any() and uow.get(uow.model.tables.leases, WHOLE) is None
    reached = {} if first else positions.load(uow.connection, uow.model.tables)
    payload = ReactionsIntroduced(causes=missing, positions=[reached[p] for p in sorted(reached)])
    write(uow, payload, clock.now())
