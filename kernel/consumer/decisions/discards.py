"""Records that an operator gave up, as the log has them: a rebuild gives them up again.

They are read before the records themselves, which may stand earlier on the log: a record that was
given up because it could not be handled might be handled by a later release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from motcua.events.v1.event_pb2 import Event
from motcua.operations.v1.service_events_pb2 import RecordDiscarded
from sqlalchemy import Connection

from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.decode import read
from kernel.consumer.decisions.service_stream import events_of, is_own
from kernel.consumer.reading.log_reader import LogReader
from kernel.consumer.reading.partition_reading import read_partition
from kernel.eventsourcing.envelope import payload_as, payload_type
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.kafka.partitions import partition_of


def digest(record: Record) -> bytes:
    """Return the digest by which a record that was given up is known."""
    return sha256(record.value or b"").digest()


class Discards:
    """The records that were given up. An event is known wherever it stands on the log; what is no
    event by its place.
    """

    def __init__(self, given_up: Iterable[RecordDiscarded] = ()) -> None:
        self._events: set[tuple[str, bytes]] = set()
        self._ids: set[str] = set()
        self._places: dict[Place, bytes] = {}
        for each in given_up:
            if each.only_reaction:
                continue
            if each.event_id:
                self._ids.add(each.event_id)
                self._events.add((each.event_id, each.digest))
            else:
                self._places[each.partition, each.offset] = each.digest

    def has(self, record: Record, event: Event | None) -> bool:
        """Return whether a record was given up; ``event`` is what it holds, if that is one."""
        if event is None:
            known = self._places.get((record.partition, record.offset))
            return known is not None and known == digest(record)
        return event.event_id in self._ids and (event.event_id, digest(record)) in self._events


NONE_DISCARDED: Final = Discards()


def find_discards(
    connection: Connection, model: Model, reader: LogReader, positions: Mapping[int, int]
) -> Discards:
    """Return what was given up as far as the database knows, and the log after these positions.

    A record that its source has not proven gives up nothing.
    """
    own = events_of(connection, model, RecordDiscarded)
    key = model.source.encode()
    partition = partition_of(key, len(positions))
    end = reader.ends([partition])[partition]
    for record in read_partition(reader, partition, end, positions[partition]):
        if record.key != key:
            continue
        event = read(record)
        if event is None or not is_own(event, model) or payload_type(event) is not RecordDiscarded:
            continue
        if model.authenticator is None or model.authenticator.proves(record, event.source):
            own.append(event)
    return Discards(payload_as(event, RecordDiscarded) for event in own)
