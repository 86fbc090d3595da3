"""Events of one decision that were lost with a database before all of them were published.

The first one in each stream carries the others. Whoever reads it again after such a loss keeps
them until the end of the log, and writes those that are not there.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from motcua.events.v1.event_pb2 import Event, EventBatch
from sqlalchemy import delete, func, select

from kernel.eventsourcing.envelope import BATCH
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.telemetry.logs import get_logger

_log = get_logger(__name__)


def keep(uow: UnitOfWork, record: Record) -> None:
    """Keep what an own record, read from the log, carries of events that were not met yet."""
    batch = record.header_bytes(BATCH)
    if not batch:
        return
    for body in _bodies(batch):
        event = _event(body)
        if event is None or event.source != uow.model.source:
            continue
        stream_id, kind, sequence = event.stream_id, event.stream_kind, event.sequence
        if sequence > uow.sequence(stream_id, event.source, kind):
            uow.put(
                uow.model.tables.batch_events,
                {"stream_id": stream_id, "stream_kind": kind, "sequence": sequence, "body": body},
            )


def complete(uow: UnitOfWork) -> None:
    """Write the events that are missing; the log must have been read to its end."""
    table, streams = uow.model.tables.batch_events, uow.model.tables.streams
    same = (
        (streams.c.stream_id == table.c.stream_id)
        & (streams.c.stream_kind == table.c.stream_kind)
        & (streams.c.source == uow.model.source)
    )
    chosen = (
        select(table.c.body)
        .outerjoin(streams, same)
        .where(table.c.sequence > func.coalesce(streams.c.sequence, 0))
        .order_by(table.c.stream_kind, table.c.stream_id, table.c.sequence)
    )
    restored = 0
    for (body,) in uow.query(chosen).all():
        event = Event.FromString(body)
        last = uow.sequence(event.stream_id, event.source, event.stream_kind)
        if event.sequence == last + 1:
            uow.restore(event, body)
            restored += 1
    uow.connection.execute(delete(table))
    if restored:
        _log.warning("consumer.completed", events=restored)


def _bodies(batch: bytes) -> list[bytes]:
    try:
        return list(EventBatch.FromString(batch).events)
    except DecodeError:
        return []


def _event(body: bytes) -> Event | None:
    try:
        return Event.FromString(body)
    except DecodeError:
        return None
