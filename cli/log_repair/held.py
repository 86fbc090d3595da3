"""What the services hold of the log: audit's record of it, and each service's own events."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from kafka.partitioner.default import murmur2
from sqlalchemy import Connection, Select, func, inspect, select
from sqlalchemy.engine import make_url

from cli.commands.rebuild import service_of
from cli.log_repair.content import Loose, Name
from cli.stack.plan import SERVICES
from kernel.config.settings import Settings
from kernel.consumer.applying import positions, quarantine_rows
from kernel.eventsourcing.envelope import DIGEST_SIZE, Headers, headers
from kernel.eventsourcing.record import Mark, Record
from kernel.eventsourcing.service_model import Model
from kernel.ledger.merkle import HASH_SIZE
from kernel.ledger.tiles import WIDTH
from kernel.storage.engines import open_engine

AUDIT: Final = "audit"
RECORD: Final = "log"
"""Audit's table of the records that it has read."""
TILES: Final = "tiles"
"""Audit's table of the hashes of all records of the log."""
_PAGE: Final = 1_000


@dataclass(frozen=True)
class Database:
    """One service's database, as of one moment."""

    settings: Settings
    model: Model
    connection: Connection

    @property
    def service(self) -> str:
        """Return whose it is."""
        return self.model.source

    def positions(self) -> dict[int, int]:
        """Return where the service has read to."""
        return positions.load(self.connection, self.model.tables)

    def marks(self) -> dict[int, Mark]:
        """Return the last record that the service has read of each partition."""
        return positions.load_marks(self.connection, self.model.tables)

    def digests(self) -> dict[Name, bytes]:
        """Return the digests of the events that the service knows of each stream, one after the
        other, also of others' events.
        """
        c = self.model.tables.streams.c
        chosen = select(c.stream_kind, c.stream_id, c.source, c.digests)
        with self._rows(chosen) as rows:
            return {(kind, name, source): bytes(digests) for kind, name, source, digests in rows}

    def waiting(self) -> int:
        """Count the events that are still to be published."""
        outbox = self.model.tables.outbox
        return int(self.connection.execute(select(func.count()).select_from(outbox)).scalar_one())

    def last_waiting(self) -> int:
        """Return the number of the last row that waits for publication; 0 without any."""
        last = select(func.max(self.model.tables.outbox.c.id))
        return int(self.connection.execute(last).scalar_one() or 0)

    def own_events(self, partitions: int) -> Iterator[Loose]:
        """Yield the service's own events, each stream's in order, but for those that the broker has
        refused, and what comes after them.
        """
        outbox, events = self.model.tables.outbox.c, self.model.tables.events.c
        refused: dict[tuple[str, str], int] = {}
        traces: dict[str, str] = {}
        waiting = select(
            outbox.stream_kind, outbox.stream_id, outbox.sequence, outbox.event_id, outbox.trace,
            outbox.quarantine_reason,
        )  # fmt: skip
        for kind, name, sequence, event_id, trace, reason in self.connection.execute(waiting):
            traces[event_id] = trace
            if reason is not None:
                refused[kind, name] = min(sequence, refused.get((kind, name), sequence))
        source = self.service
        chosen = (
            select(
                events.stream_kind, events.stream_id, events.sequence, events.event_id,
                events.type, events.occurred_at, events.body,
            )
            .where(events.source == source)
            .order_by(events.stream_kind, events.stream_id, events.sequence)
        )  # fmt: skip
        with self._rows(chosen) as rows:
            for kind, name, sequence, event_id, type_name, occurred_at, body in rows:
                if sequence >= refused.get((kind, name), sequence + 1):
                    continue
                trace = traces.get(event_id, "")
                pairs = headers(event_id, type_name, source, (kind, name), occurred_at, trace)
                pairs = self._proven(source, bytes(body), pairs)
                yield Loose(
                    partition_of(name, partitions), name.encode(), bytes(body), pairs,
                    (kind, name, source), sequence, event_id,
                )  # fmt: skip

    def quarantined(self, partition: int | None = None) -> Iterator[Record]:
        """Yield the records in quarantine, discarded ones too, by their places."""
        table = self.model.tables.quarantine
        chosen = table.select().order_by(table.c.partition, table.c.offset)
        if partition is not None:
            chosen = chosen.where(table.c.partition == partition)
        for row in self.connection.execute(chosen).mappings():
            yield quarantine_rows.record_of(dict(row))

    def placed(self, partition: int) -> Iterator[Record]:
        """Yield what audit has of a partition, in the order of offsets, quarantined records too."""
        last = -1
        for record in heapq.merge(
            self._recorded(partition), self.quarantined(partition), key=lambda r: r.offset
        ):
            if record.offset > last:
                yield record
                last = record.offset

    def leaves(self, partition: int) -> Callable[[int], bytes]:
        """Return what reads the leaf of audit's tree at an offset: the hash of what stood there, no
        bytes where the tree has none.
        """
        c = self.model.tables.metadata.tables[TILES].c

        @lru_cache(maxsize=2)
        def tile(index: int) -> bytes:
            here = select(c.hashes).where(c.partition == partition, c.level == 0, c.index == index)
            found = self.connection.execute(here).scalar()
            return b"" if found is None else bytes(found)

        def leaf(offset: int) -> bytes:
            index, within = divmod(offset, WIDTH)
            return tile(index)[within * HASH_SIZE : (within + 1) * HASH_SIZE]

        return leaf

    def _recorded(self, partition: int) -> Iterator[Record]:
        c = self.model.tables.metadata.tables[RECORD].c
        chosen = (
            select(
                c.offset, c.stream_kind, c.stream_id, c.source, c.event_id, c.type, c.occurred_at,
                c.trace, c.body,
            )
            .where(c.partition == partition)
            .order_by(c.offset)
        )  # fmt: skip
        with self._rows(chosen) as rows:
            for offset, kind, name, source, event_id, type_name, occurred_at, trace, body in rows:
                pairs = headers(event_id, type_name, source, (kind, name), occurred_at, trace)
                pairs = self._proven(source, bytes(body), pairs)
                yield Record(partition, offset, name.encode(), bytes(body), pairs)

    def _proven(self, source: str, body: bytes, pairs: Headers) -> Headers:
        """Return the headers of a record with the proof that a source has written it."""
        authenticator = self.model.authenticator
        return pairs if authenticator is None else [*pairs, authenticator.header(source, body)]

    def _rows(self, chosen: Select[Any]) -> Any:
        return self.connection.execute(chosen, execution_options={"yield_per": _PAGE})


def height(digests: bytes) -> int:
    """Return how many events these are the digests of."""
    return len(digests) // DIGEST_SIZE


def partition_of(stream_id: str, partitions: int) -> int:
    """Return the partition of a stream's records."""
    return int(murmur2(stream_id.encode()) & 0x7FFFFFFF) % partitions


@contextmanager
def open_databases() -> Iterator[dict[str, Database]]:
    """Open the databases of the services that have one, for reading, each as of one moment."""
    found: dict[str, Database] = {}
    with ExitStack() as closing:
        for service in SERVICES:
            settings, model, _ = service_of(service)
            url = make_url(settings.database_url)
            if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
                continue
            engine = open_engine(settings.database_url, service, read_only=True, long_reads=True)
            closing.callback(engine.dispose)
            connection = closing.enter_context(engine.connect())
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            if inspect(connection).has_table(model.tables.positions.name):
                found[service] = Database(settings, model, connection)
        yield found
