"""The Merkle tree of each partition: the leaf at an index is the record at this offset of the log.

So the tree is a function of the log alone, whatever became of a record: what is quarantined, and is
accepted later or never, changes nothing. Where the log has no record (an offset that was never
given to one), and where a record has no bytes, the leaf is that of no bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, select

from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.ledger import tiles
from kernel.ledger.merkle import EMPTY_LEAF, Nodes, leaf_hash
from kernel.ledger.tiles import ReadTile
from kernel.storage.compiled_statements import select_of
from services.audit.tables import TILES, TREES


def append(uow: UnitOfWork, records: Sequence[Record]) -> None:
    """Append what was read of the log, in its order, to the trees."""
    for partition, group in groupby(sorted(records, key=_place), key=_partition):
        row = uow.get(TREES, partition)
        size = 0 if row is None else int(row["size"])
        grown = tiles.append(_Tiles(uow, partition), size, _leaves(group, size))
        if grown > size:
            uow.put(TREES, {"partition": partition, "size": grown})


def _place(record: Record) -> tuple[int, int]:
    return record.partition, record.offset


def _partition(record: Record) -> int:
    return record.partition


def _leaves(records: Iterator[Record], size: int) -> Iterator[bytes]:
    for record in records:
        if record.offset < size:
            continue  # read again: after a repair of the log, positions go back
        while size < record.offset:
            yield EMPTY_LEAF
            size += 1
        yield leaf_hash(record.value or b"")
        size += 1


class _Tiles:
    """The tiles of a partition within a transaction."""

    def __init__(self, uow: UnitOfWork, partition: int) -> None:
        self._uow = uow
        self._partition = partition

    def read(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile; b"" when there is none yet."""
        row = self._uow.get(TILES, self._partition, level, index)
        return b"" if row is None else bytes(row["hashes"])

    def write(self, level: int, index: int, hashes: bytes) -> None:
        """Keep the hashes of a tile."""
        place = {"partition": self._partition, "level": level, "index": index}
        self._uow.put(TILES, {**place, "hashes": hashes})


def sizes(connection: Connection) -> dict[int, int]:
    """Return the size of each partition's tree."""
    rows = connection.execute(select(TREES).order_by(TREES.c.partition))
    return {row.partition: row.size for row in rows}


def tiles_of(connection: Connection, partition: int) -> ReadTile:
    """Return what reads the tiles of a partition."""

    statement = select_of(TILES, connection.dialect)

    def read(level: int, index: int) -> bytes:
        key = {"partition": partition, "level": level, "index": index}
        found = connection.exec_driver_sql(statement.sql, statement.one(key)).first()
        return b"" if found is None else bytes(found.hashes)

    return read


def nodes_of(connection: Connection, partition: int) -> Nodes:
    """Return the nodes of a partition's tree."""
    return tiles.nodes_of(tiles_of(connection, partition))
