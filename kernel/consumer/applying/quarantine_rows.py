"""Rows of the quarantine (dead-letter queue): poison records with their bytes, and those behind.

A record behind a quarantined one of its stream is quarantined too.

A row with reason ``discarded`` is one that an operator gave up: it holds nothing back, and a
rebuild gives it up too, since the log says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from kernel.consumer.applying.batch import Place
from kernel.eventsourcing.envelope import Headers, Stream
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.kernel_tables import KernelTables
from kernel.storage.row_cache import Row

GAP = "gap"
BEHIND = "behind"
HANDLER_ERROR = "handler_error"
NEEDS_UPGRADE = "needs_upgrade"
CONFLICTING = "conflicting"
DISCARDED = "discarded"
HOLDING = (GAP, BEHIND, HANDLER_ERROR, NEEDS_UPGRADE, CONFLICTING)
"""Reasons that hold back the later records of the same stream. A record that can't even be read
does not: if it stood for an event, the next event of that stream shows the gap.
"""
REACTION = "reaction: "
"""How the error of a record begins that was handled, but whose reaction failed."""
_CHUNK = 500


def quarantine(
    uow: UnitOfWork,
    topic: str,
    record: Record,
    reason: str,
    error: str,
    *,
    stream: Stream,
    source: str = "",
    sequence: int = 0,
    real_now: int,
) -> Row:
    """Set a record aside, and give its row. ``error`` names the fault without any value."""
    row = {
        "partition": record.partition,
        "offset": record.offset,
        "topic": topic,
        "stream_id": stream[1],
        "stream_kind": stream[0],
        "source": source,
        "sequence": sequence,
        "reason": reason,
        "error": error,
        "key": record.key,
        "value": record.value,
        "headers": _pack(record.headers),
        "first_seen_at": real_now,
        "attempts": 1,
    }
    uow.put(uow.model.tables.quarantine, row)
    return row


def record_of(row: Row) -> Record:
    """Return the record as it was read."""
    headers = unpack(row["headers"])
    return Record(row["partition"], row["offset"], row["key"], row["value"], headers)


def place_of(row: Row) -> Place:
    """Return the place of the record in a row."""
    return row["partition"], row["offset"]


def stream_in(row: Row) -> Stream:
    """Return the stream of the record in a row."""
    return row["stream_kind"], row["stream_id"]


def held(uow: UnitOfWork, stream_ids: Sequence[str]) -> dict[Stream, dict[Place, Row]]:
    """Return the rows that hold back each of the streams with these ids, in the order of the log;
    only streams with some.
    """
    table = uow.model.tables.quarantine
    if uow.connection.execute(select(table.c.offset).limit(1)).first() is None:
        return {}
    found: dict[Stream, dict[Place, Row]] = {}
    for start in range(0, len(stream_ids), _CHUNK):
        chosen = (
            table.select()
            .where(
                table.c.stream_id.in_(stream_ids[start : start + _CHUNK]),
                table.c.reason.in_(HOLDING),
            )
            .order_by(table.c.partition, table.c.offset)
        )
        for row in _rows(uow.connection, chosen):
            found.setdefault(stream_in(row), {})[place_of(row)] = row
    return found


def of_stream(uow: UnitOfWork, stream_id: str) -> list[Row]:
    """Return all rows of the streams with this id that are not given up, in the log's order."""
    table = uow.model.tables.quarantine
    chosen = (
        table.select()
        .where(table.c.stream_id == stream_id, table.c.reason != DISCARDED)
        .order_by(table.c.partition, table.c.offset)
    )
    return list(_rows(uow.connection, chosen))


def heads(connection: Connection, tables: KernelTables, reason: str) -> list[str]:
    """List the ids of the streams whose first row has this reason."""
    table = tables.quarantine
    stream = (table.c.stream_id, table.c.stream_kind)
    first = (
        select(*stream, func.min(table.c.offset).label("offset"))
        .where(table.c.reason.in_(HOLDING))
        .group_by(*stream)
        .subquery()
    )
    same = (
        (table.c.stream_id == first.c.stream_id)
        & (table.c.stream_kind == first.c.stream_kind)
        & (table.c.offset == first.c.offset)
    )
    chosen = select(table.c.stream_id).join(first, same).where(table.c.reason == reason)
    return [stream_id for (stream_id,) in connection.execute(chosen)]


def places(connection: Connection, tables: KernelTables, reason: str) -> dict[Place, str]:
    """Return the places of all records with this reason, and their errors."""
    table = tables.quarantine
    found = connection.execute(
        select(table.c.partition, table.c.offset, table.c.error).where(table.c.reason == reason)
    )
    return {(partition, offset): error for partition, offset, error in found}


def _rows(connection: Connection, statement: Any) -> Iterator[Row]:
    for found in connection.execute(statement).mappings():
        yield dict(found)


def _pack(headers: Headers) -> str:
    pairs = [[name, base64.b64encode(value or b"").decode()] for name, value in headers]
    return json.dumps(pairs)


def unpack(text: str) -> Headers:
    """Return headers as they came from their text in the quarantine."""
    return [(name, base64.b64decode(value)) for name, value in json.loads(text)]
