"""Writes each record of the log to the audit store: hash chain, and the row of its dossier."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import bindparam, select, update

from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import Headers, type_name
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.streams import DOSSIER
from services.audit.state.as_of import bodies_of, folded
from services.audit.state.fold import fold
from services.audit.state.portal_state import DossierRow
from services.audit.tables import CHAINS, DOSSIERS, LOG

FIRST_LINK: Final = bytes(32)
"""The link before the first event of a partition."""
_EMPTY: Final[Row] = {"offset": -1, "events": 0, "hash": FIRST_LINK}
_PAGE: Final = 1_000


def link(previous: bytes, body: bytes) -> bytes:
    """Return an event's link in the hash chain."""
    return sha256(previous + body).digest()


def keep(uow: UnitOfWork, record: Record, event: Event) -> None:
    """Keep an accepted record, known or not, and fold it into the row of its dossier.

    One of audit's own events is kept where it is met on the log first.
    """
    if event.source == uow.model.source and _kept(uow, event):
        return
    partition, offset, _key, value, headers, _timestamp = record
    body, stream_id = value or b"", event.stream_id
    occurred_at, recorded_at = to_us(event.occurred_at), to_us(event.recorded_at)
    head = uow.get(CHAINS, partition) or _EMPTY
    late = offset < head["offset"]
    before = _link_before(uow, partition, offset) if late else head["hash"]
    hashed = sha256(before + body).digest()
    uow.add(
        LOG,
        {
            "partition": partition,
            "offset": offset,
            "stream_id": stream_id,
            "stream_kind": event.stream_kind,
            "source": event.source,
            "sequence": event.sequence,
            "event_id": event.event_id,
            "type": type_name(event),
            "occurred_at": occurred_at,
            "recorded_at": recorded_at,
            "trace": _trace(headers),
            "body": body,
            "hash": hashed,
        },
    )
    if late:
        offset, hashed = head["offset"], _relink(uow, partition, offset, hashed)
    events = head["events"] + 1
    uow.put(CHAINS, {"partition": partition, "offset": offset, "events": events, "hash": hashed})
    if event.stream_kind != DOSSIER:
        return
    row = uow.get(DOSSIERS, stream_id)
    after = _refolded(uow, stream_id) if late else fold(row, event, occurred_at)
    last = recorded_at if row is None else max(recorded_at, row["recorded_at"])
    if after is not None and (after is not row or last != after["recorded_at"]):
        uow.put(DOSSIERS, {**after, "recorded_at": last})


def _kept(uow: UnitOfWork, event: Event) -> bool:
    """Return whether an event is kept at an earlier place of the log."""
    same = select(LOG.c.offset).where(
        LOG.c.stream_id == event.stream_id,
        LOG.c.stream_kind == event.stream_kind,
        LOG.c.source == event.source,
        LOG.c.sequence == event.sequence,
    )
    return uow.query(same).first() is not None


def _trace(headers: Headers) -> str:
    """Return the trace in which a record was written: the last header of that name."""
    for name, value in reversed(headers):
        if name == "traceparent":
            return value.decode("utf-8", "replace") if value else ""
    return ""


def _refolded(uow: UnitOfWork, code: str) -> DossierRow | None:
    """Fold a dossier's events again, in the order of the log."""
    uow.flush()
    return folded(bodies_of(uow.connection, code, None))


def _link_before(uow: UnitOfWork, partition: int, offset: int) -> bytes:
    found = uow.query(
        select(LOG.c.hash)
        .where(LOG.c.partition == partition, LOG.c.offset < offset)
        .order_by(LOG.c.offset.desc())
        .limit(1)
    ).scalar()
    return FIRST_LINK if found is None else bytes(found)


def _relink(uow: UnitOfWork, partition: int, offset: int, hashed: bytes) -> bytes:
    """Recalculate the links after a record that was accepted late; return the last one.

    A record that waited in the quarantine is accepted after later records of its partition. The
    chain follows the log's order and not the order of acceptance, which another reading of the log
    would not repeat.
    """
    statement = (
        update(LOG)
        .where(LOG.c.partition == bindparam("at_partition"), LOG.c.offset == bindparam("at_offset"))
        .values(hash=bindparam("link"))
    )
    while True:
        rows = uow.query(
            select(LOG.c.offset, LOG.c.body)
            .where(LOG.c.partition == partition, LOG.c.offset > offset)
            .order_by(LOG.c.offset)
            .limit(_PAGE)
        ).all()
        if not rows:
            return hashed
        changes = []
        for row in rows:
            hashed = link(hashed, bytes(row.body))
            changes.append({"at_partition": partition, "at_offset": row.offset, "link": hashed})
        offset = rows[-1].offset
        uow.connection.execute(statement, changes)
