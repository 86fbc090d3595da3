"""A service's own streams on the log: what was decided and no other event shows.

Their kind is ``service``. The stream named like the service holds what is rare: records that an
operator gave up, reactions that a release has introduced. What comes each minute has a stream for
each day, so that none grows for ever.
"""

from __future__ import annotations

from typing import Final, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, select

from kernel.base.instants import local_date
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import new_id
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork

M = TypeVar("M", bound=Message)
SERVICE: Final = "service"
"""The kind of these streams."""


def is_own(event: Event, model: Model) -> bool:
    """Return whether an event is of one of this service's own streams."""
    return event.source == model.source and event.stream_kind == SERVICE


def write(uow: UnitOfWork, payload: Message, now: int, *, daily: bool = False) -> None:
    """Write what the service has decided, in its stream or in that of the day."""
    day = f"/{local_date(now, 'UTC')}" if daily else ""
    uow.append(
        f"{uow.model.source}{day}",
        [payload],
        actor=uow.system_actor(),
        occurred_at=now,
        recorded_at=now,
        causation_id="",
        correlation_id=new_id(),
        kind=SERVICE,
    )


def write_call(uow: UnitOfWork, payload: Message, call: Call) -> None:
    """Write what an operator has decided."""
    uow.append_call(uow.model.source, [payload], call, SERVICE)


def events_of(connection: Connection, model: Model, payload: type[M]) -> list[Event]:
    """Return the events of a type in the service's stream, in order."""
    table = model.tables.events
    chosen = (
        select(table.c.body)
        .where(
            table.c.stream_id == model.source,
            table.c.stream_kind == SERVICE,
            table.c.source == model.source,
            table.c.type == payload.DESCRIPTOR.full_name,
        )
        .order_by(table.c.sequence)
    )
    return [Event.FromString(body) for (body,) in connection.execute(chosen)]
