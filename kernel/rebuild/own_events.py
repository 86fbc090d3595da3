"""Whether the log has all that a database holds: only then may the database be thrown away."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Engine, inspect, select

from kernel.consumer.applying import positions
from kernel.consumer.applying.decode import read
from kernel.consumer.reading.log_comparison import LogDiffers, require_same
from kernel.consumer.reading.log_reader import LogReader
from kernel.consumer.reading.partition_reading import read_partition
from kernel.eventsourcing.envelope import DIGEST_SIZE, Stream, digest_of, stream_of
from kernel.eventsourcing.service_model import Model
from kernel.outbox import published


def require_own_events(live: Engine, model: Model, reader: LogReader) -> None:
    """Raise ``LogDiffers`` unless the log is the one that the database was read from, from its
    beginning, and has each of the service's own events with its bytes. Reads the whole log.

    Events that wait for publication count as missing. A database without tables holds nothing.
    """
    with live.connect() as connection:
        if not inspect(connection).has_table(model.tables.streams.name):
            return
        ends = require_same(
            reader,
            positions.load(connection, model.tables),
            positions.load_marks(connection, model.tables),
            published.load(connection, model.tables),
        )
        c = model.tables.streams.c
        chosen = select(c.stream_kind, c.stream_id, c.digests).where(c.source == model.source)
        held = {(kind, name): bytes(digests) for kind, name, digests in connection.execute(chosen)}
    missing = _missing(held, reader, ends, model.source) if held else []
    if missing:
        raise LogDiffers(
            f"the log lacks events of {model.source} that only its database has, in "
            f"{len(missing)} stream(s), such as {missing[0][1]}"
        )


def _missing(
    held: dict[Stream, bytes], reader: LogReader, ends: dict[int, int], source: str
) -> list[Stream]:
    """List the streams of which the log does not have every event."""
    seen: dict[Stream, int] = defaultdict(int)  # a bit for each sequence
    for partition, end in ends.items():
        for record in read_partition(reader, partition, end):
            event = read(record)
            if event is None or event.source != source:
                continue
            stream, at = stream_of(event), event.sequence * DIGEST_SIZE
            known = held.get(stream, b"")[at - DIGEST_SIZE : at]
            if known == digest_of(record.value or b""):
                seen[stream] |= 1 << event.sequence
    return sorted(
        stream
        for stream, digests in held.items()
        if seen[stream] != (1 << (len(digests) // DIGEST_SIZE + 1)) - 2
    )
