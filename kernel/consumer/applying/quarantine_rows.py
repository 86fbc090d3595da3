"""Rows of the quarantine: records set aside with their bytes, and what is behind them in their
dossiers.

A row with reason ``discarded`` is one that an operator gave up: it holds nothing back, and a
rebuild of the same database skips it too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from kernel.consumer.applying.batch import Place
from kernel.eventsourcing.envelope import Headers
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.kernel_tables import KernelTables
from kernel.storage.row_cache import Row

GAP = "gap"
BEHIND = "behind"
HANDLER_ERROR = "handler_error"
NEEDS_UPGRADE = "needs_upgrade"
DISCARDED = "discarded"
HOLDING = (GAP, BEHIND, HANDLER_ERROR, NEEDS_UPGRADE)
"""Reasons that hold back the later records of the same dossier. A record that can't even be read
does not: if it stood for an event, the next event of that stream shows the gap.
"""
REACTION = "reaction: "
"""How the error of a record begins that was handled, but whose reaction failed."""
_CHUNK = 500


def park(
    uow: UnitOfWork,
    topic: str,
    record: Record,
    reason: str,
    error: str,
    *,
    code: str,
    source: str = "",
    sequence: int = 0,
    real_now: int,
) -> Row:
    """Set a record aside, and give its row. ``error`` names the fault without any value."""
    row = {
        "partition": record.partition,
        "offset": record.offset,
        "topic": topic,
        "dossier_code": code,
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


def held(uow: UnitOfWork, codes: Sequence[str]) -> dict[str, dict[Place, Row]]:
    """Return the rows that hold back each of these dossiers, in the order of the log; only dossiers
    with some.
    """
    table = uow.model.tables.quarantine
    if uow.connection.execute(select(table.c.offset).limit(1)).first() is None:
        return {}
    found: dict[str, dict[Place, Row]] = {}
    for start in range(0, len(codes), _CHUNK):
        chosen = (
            table.select()
            .where(
                table.c.dossier_code.in_(codes[start : start + _CHUNK]),
                table.c.reason.in_(HOLDING),
            )
            .order_by(table.c.partition, table.c.offset)
        )
        for row in _rows(uow.connection, chosen):
            found.setdefault(row["dossier_code"], {})[place_of(row)] = row
    return found


def of_dossier(uow: UnitOfWork, code: str) -> list[Row]:
    """Return all rows of a dossier that are not given up, in the order of the log."""
    table = uow.model.tables.quarantine
    chosen = (
        table.select()
        .where(table.c.dossier_code == code, table.c.reason != DISCARDED)
        .order_by(table.c.partition, table.c.offset)
    )
    return list(_rows(uow.connection, chosen))


def heads(connection: Connection, tables: KernelTables, reason: str) -> list[str]:
    """List the dossiers whose first row has this reason."""
    table = tables.quarantine
    first = (
        select(table.c.dossier_code, func.min(table.c.offset).label("offset"))
        .where(table.c.reason.in_(HOLDING))
        .group_by(table.c.dossier_code)
        .subquery()
    )
    same = (table.c.dossier_code == first.c.dossier_code) & (table.c.offset == first.c.offset)
    chosen = select(table.c.dossier_code).join(first, same).where(table.c.reason == reason)
    return [code for (code,) in connection.execute(chosen)]


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
