"""The tables that every service has.

``views`` are a function of the log alone and are compared row for row by a rebuild; ``operational``
tables hold what is under way, and losing them loses nothing. Columns hold only text, whole numbers,
bytes, or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A 64-bit number that SQLite, too, takes as a row id. Revisions name it: it stays what it is."""
FREE_TEXT: Final = "free_text"
"""In the ``info`` of a ``String`` column: it holds what a person wrote, as ``Text`` columns do."""


@dataclass(frozen=True)
class KernelTables:
    """The kernel's tables within one service's metadata."""

    metadata: MetaData
    events: Table
    streams: Table
    outbox: Table
    published: Table
    positions: Table
    requests: Table
    quarantine: Table
    leases: Table
    identities: Table
    pending_reactions: Table
    causes_without_outcome: Table
    batch_events: Table
    operational: frozenset[str] = field(
        default=frozenset(
            {
                "outbox",
                "published",
                "positions",
                "requests",
                "quarantine",
                "leases",
                "identities",
                "pending_reactions",
                "causes_without_outcome",
                "batch_events",
                "alembic_version",
            }
        )
    )


def kernel_tables(metadata: MetaData) -> KernelTables:
    """Add the kernel's tables to a service's metadata."""
    return KernelTables(
        metadata=metadata,
        events=Table(
            "events",
            metadata,
            Column("stream_id", String, primary_key=True),
            Column("stream_kind", String, primary_key=True),
            Column("source", String, primary_key=True),
            Column("sequence", BIG, primary_key=True),
            Column("event_id", String, nullable=False, unique=True),
            Column("type", String, nullable=False),
            Column("occurred_at", BIG, nullable=False),
            Column("recorded_at", BIG, nullable=False),
            Column("causation_id", String, nullable=False),
            Column("request_digest", LargeBinary, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Index("events_causation", "causation_id"),
        ),
        streams=Table(
            "streams",
            metadata,
            Column("stream_id", String, primary_key=True),
            Column("stream_kind", String, primary_key=True),
            Column("source", String, primary_key=True),
            Column("sequence", BIG, nullable=False),
            Column("digests", LargeBinary, nullable=False),
            sqlite_with_rowid=False,
        ),
        outbox=Table(
            "outbox",
            metadata,
            Column("id", BIG, primary_key=True, autoincrement=True),
            Column("stream_id", String, nullable=False),
            Column("stream_kind", String, nullable=False),
            Column("sequence", BIG, nullable=False),
            Column("event_id", String, nullable=False),
            Column("type", String, nullable=False),
            Column("occurred_at", BIG, nullable=False),
            Column("trace", String, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("batch", LargeBinary, nullable=False),
            Column("enqueued_at", BIG, nullable=False),
            Column("quarantine_reason", Text, nullable=True),
            Index("outbox_stream", "stream_id", "sequence"),
        ),
        published=Table(
            "published",
            metadata,
            Column("partition", Integer, primary_key=True, autoincrement=False),
            Column("offset", BIG, nullable=False),
            Column("digest", LargeBinary, nullable=False),
        ),
        positions=Table(
            "positions",
            metadata,
            Column("partition", Integer, primary_key=True, autoincrement=False),
            Column("position", BIG, nullable=False),
            Column("last_offset", BIG, nullable=True),
            Column("last_digest", LargeBinary, nullable=True),
        ),
        requests=Table(
            "requests",
            metadata,
            Column("request_id", String, primary_key=True),
            Column("digest", LargeBinary, nullable=False),
            Column("response", LargeBinary, nullable=False),
            Column("created_at", BIG, nullable=False),
            Index("requests_created", "created_at"),
        ),
        quarantine=Table(
            "quarantine",
            metadata,
            Column("partition", Integer, primary_key=True, autoincrement=False),
            Column("offset", BIG, primary_key=True, autoincrement=False),
            Column("topic", String, nullable=False),
            Column("stream_id", String, nullable=False),
            Column("stream_kind", String, nullable=False),
            Column("source", String, nullable=False),
            Column("sequence", BIG, nullable=False),
            Column("reason", String, nullable=False),
            Column("error", Text, nullable=False),
            Column("key", LargeBinary, nullable=True),
            Column("value", LargeBinary, nullable=True),
            Column("headers", Text, nullable=False),
            Column("first_seen_at", BIG, nullable=False),
            Column("attempts", Integer, nullable=False),
            Index("quarantine_stream", "stream_id"),
        ),
        leases=Table(
            "leases",
            metadata,
            Column("name", String, primary_key=True),
            Column("holder", String, nullable=False),
            Column("expires_at", BIG, nullable=False),
        ),
        identities=Table(
            "identities",
            metadata,
            Column("name", String, primary_key=True),
            Column("value", String, nullable=False),
        ),
        pending_reactions=Table(
            "pending_reactions",
            metadata,
            Column("event_id", String, primary_key=True),
            Column("stream_id", String, nullable=False),
            Column("stream_kind", String, nullable=False),
            Column("partition", Integer, nullable=False),
            Column("offset", BIG, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("trace", String, nullable=False),
            Index("pending_reactions_place", "partition", "offset"),
        ),
        causes_without_outcome=Table(
            "causes_without_outcome",
            metadata,
            Column("event_id", String, primary_key=True),
            Column("recorded", Integer, nullable=False),
        ),
        batch_events=Table(
            "batch_events",
            metadata,
            Column("stream_id", String, primary_key=True),
            Column("stream_kind", String, primary_key=True),
            Column("sequence", BIG, primary_key=True, autoincrement=False),
            Column("body", LargeBinary, nullable=False),
        ),
    )


def partial_index(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> Index:
    """Return an index of the rows for which ``where`` holds.

    The condition is handed to the dialect that creates the table only: naming dialects here would
    import them, some megabytes.
    """
    index = Index(name, *columns)

    def limit(_table: Table, connection: Connection, **_options: Any) -> None:
        index.dialect_kwargs[f"{connection.dialect.name}_where"] = where

    event.listen(columns[0].table, "before_create", limit)
    return index
