"""What stands in the tables in use and is not on the log, or not yet.

Own events that are not published are taken into the tables that were made, from the outbox, where
each of them is until the log has it. Of the operational tables a rebuild makes some from the log;
all others are carried over row for row: the outbox itself, answers to requests, leases, causes
without an outcome that are not recorded yet, attempts to send, tries of PINs, and what the database
belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Final

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import (
    MetaData,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    inspect,
    or_,
    select,
    true,
)

from kernel.consumer.applying.decode import UNAUTHENTICATED
from kernel.consumer.decisions import without_outcome
from kernel.consumer.decisions.service_stream import is_own
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.outbox.outbox import Waiting, in_sequence
from kernel.rebuild.place import Held
from kernel.storage.generation import GENERATION
from kernel.storage.schema_check import differences_by_table

MADE: Final = frozenset(
    {"positions", "quarantine", "pending_reactions", "batch_events", "alembic_version"}
)
"""Operational tables that reading the log makes."""


class NotOnLog(Exception):
    """The tables in use hold events that the log does not have; the text says how many."""


class NotProven(Exception):
    """The tables in use hold records that no key of records proves any more; the text says how
    many.
    """


def usable_tables(held: Held, model: Model) -> frozenset[str]:
    """Return the names of the tables in use that are there, and are as the code expects."""
    differences = differences_by_table(held.connection, model.tables.metadata)
    return frozenset(name for name, lines in differences.items() if not lines)


def unpublished(held: Held, model: Model, usable: Set[str]) -> list[Waiting]:
    """Return the own events that wait for publication, each stream's in order.

    Raise ``NotOnLog`` when there are some in an outbox of another version.
    """
    outbox = model.tables.outbox
    if outbox.name in usable:
        chosen = select(*(outbox.c[name] for name in Waiting._fields)).order_by(outbox.c.id)
        return in_sequence([Waiting(*found) for found in held.connection.execute(chosen)])
    if inspect(held.connection).has_table(outbox.name):
        count = select(func.count()).select_from(outbox)
        if number := held.connection.execute(count).scalar_one():
            raise NotOnLog(f"{number} event(s) of {model.source} are not on the log yet")
    return []


def take_own(uow: UnitOfWork, rows: Sequence[Waiting]) -> int:
    """Take own events that the log does not have yet, and return how many those were; raise
    ``NotOnLog`` when one before them is missing.
    """
    taken = 0
    for row in rows:
        event = Event.FromString(row.body)
        last = uow.sequence(event.stream_id, event.source, event.stream_kind)
        if event.sequence > last + 1:
            raise NotOnLog(f"event {last + 1} of {event.stream_id} is not on the log")
        if event.sequence == last + 1:
            uow.ingest(event, row.body)
            if is_own(event, uow.model):
                without_outcome.take(uow, event)
            if event.causation_id:
                uow.delete(uow.model.tables.pending_reactions, event.causation_id)
            taken += 1
    return taken


def require_own(held: Held, model: Model, usable: Set[str]) -> None:
    """Raise ``NotOnLog`` unless every own event of the tables in use is in those that were made,
    byte for byte.
    """
    if model.tables.streams.name not in usable:
        return
    ours, theirs = _both(held, model.tables.streams)
    same = and_(*(ours.c[key.name] == theirs.c[key.name] for key in ours.primary_key))
    other = or_(*(ours.c[n].is_distinct_from(theirs.c[n]) for n in ("sequence", "digests")))
    found = (
        select(func.count(), func.min(ours.c.stream_id))
        .select_from(ours.outerjoin(theirs, same))
        .where(ours.c.source == model.source, other)
    )
    number, first = held.connection.execute(found).one()
    if number:
        raise NotOnLog(
            f"the database of {model.source} has events that the log lacks, or has others in their "
            f"place, in {number} stream(s), such as {first}"
        )


def require_proven(held: Held, model: Model, usable: Set[str]) -> None:
    """Raise ``NotProven`` when a record of the tables in use was quarantined as nobody's in those
    that were made: they would lack it, as they would lack all when the key of records was lost.
    """
    if not {model.tables.positions.name, model.tables.quarantine.name} <= usable:
        return
    ours, theirs = _both(held, model.tables.quarantine)
    positions, _ = _both(held, model.tables.positions)
    place = and_(ours.c.partition == theirs.c.partition, ours.c.offset == theirs.c.offset)
    found = (
        select(func.count())
        .select_from(theirs)
        .join(positions, positions.c.partition == theirs.c.partition)
        .outerjoin(ours, place)
        .where(theirs.c.reason == UNAUTHENTICATED)
        .where(theirs.c.offset < positions.c.position, ours.c.offset.is_(None))
    )
    if number := held.connection.execute(found).scalar_one():
        raise NotProven(
            f"MOTCUA_RECORD_KEYS: no key proves {number} record(s) that {model.source} has "
            "accepted; nothing was changed"
        )


def carry_over(held: Held, model: Model, usable: Set[str]) -> list[str]:
    """Copy rows that the log does not have, and return the names of the tables that can stay as a
    whole, since none of their rows was made.
    """
    kept = []
    for name in sorted((model.tables.operational | model.operational) & usable - MADE):
        ours, theirs = _both(held, model.tables.metadata.tables[name])
        if held.connection.execute(select(theirs).limit(1)).first() is None:
            kept.append(name)
            continue
        same = and_(*(ours.c[key.name] == theirs.c[key.name] for key in ours.primary_key))
        wanted = ours.c.name != GENERATION if name == model.tables.identities.name else true()
        held.connection.execute(delete(theirs).where(exists().where(same, wanted)))
        columns = [column.name for column in theirs.columns]
        rows = select(*(ours.c[column] for column in columns)).where(wanted)
        held.connection.execute(insert(theirs).from_select(columns, rows))
    return kept


def _both(held: Held, table: Table) -> tuple[Table, Table]:
    """Return a table as it is in use, and as it was made."""
    ours, theirs = (
        table.to_metadata(MetaData(), schema=schema) for schema in (held.live, held.shadow)
    )
    return ours, theirs
