"""The ledger: a tree beside bare hashing, what it costs audit, and how long a proof takes."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.base.clock import FixedClock
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.ledger import merkle, tiles
from kernel.ledger.merkle import leaf_hash
from kernel.storage.engines import open_engine
from services.audit.ledger import tree
from services.audit.tables import METADATA, TILES

NAME = "ledger: a tree beside bare hashing, audit with and without it, proofs of a large tree"
LEAVES = {Size.SMALL: 5_000, Size.USUAL: 300_000, Size.FULL: 1_000_000}
EVENTS = {Size.SMALL: 1_000, Size.USUAL: 20_000, Size.FULL: 100_000}
TREE = {Size.SMALL: 70_000, Size.USUAL: 10_000_000, Size.FULL: 10_000_000}
BATCH = 500
PROOFS = 1_000
START = 1_628_474_400_000_000
TARGET_RATIO = 0.4
TARGET_MS = 2.0
_LENGTH = 450


class _Kept:
    """Tiles in memory, as they are stored."""

    def __init__(self) -> None:
        self.hashes: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        """Return a tile."""
        return self.hashes.get((level, index), b"")

    def write(self, level: int, index: int, hashes: bytes) -> None:
        """Keep a tile."""
        self.hashes[level, index] = hashes


def _bare(entries: Sequence[bytes]) -> tuple[float, bytes]:
    """Return the rate of a loop that hashes as RFC 9162 says, and the root."""
    began = time.process_time()
    row = [sha256(b"\x00" + entry).digest() for entry in entries]
    while len(row) > 1:
        odd = row[-1:] if len(row) % 2 else []
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)]
        row += odd
    return len(entries) / (time.process_time() - began), row[0]


def _appended(entries: Sequence[bytes]) -> tuple[float, bytes]:
    """Return the rate of appending in batches, and the root."""
    kept, size, began = _Kept(), 0, time.process_time()
    for at in range(0, len(entries), BATCH):
        size = tiles.append(kept, size, map(leaf_hash, entries[at : at + BATCH]))
    rate = len(entries) / (time.process_time() - began)
    return rate, merkle.root(size, tiles.nodes_of(kept.read))


def _recorded(model: Model, records: Sequence[Record], size: int) -> float:
    """Return the rate at which audit takes records in batches of a size, by processor time."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'audit.sqlite3'}", "audit")
        METADATA.create_all(engine)
        applier = Applier("t", FixedClock(START), reacting=False)
        with engine.begin() as connection:
            uow = UnitOfWork(connection, model, None, START)
            positions.begin(uow, [0])
            uow.flush()
        began = time.process_time()
        for at in range(0, len(records), size):
            batch = records[at : at + size]
            with engine.begin() as connection:
                uow = UnitOfWork(connection, model, None, START)
                applier.apply(uow, Batch(batch, {0: at}, {0: at + len(batch)}), {})
                uow.flush()
        spent = time.process_time() - began
        engine.dispose()
    return len(records) / spent


def _records(count: int) -> list[Record]:
    from benchmarks.audit_rebuild import events

    return [
        Record(0, at, event.stream_id.encode(), event.SerializeToString(), [])
        for at, event in enumerate(events(count))
    ]


class _Table:
    """Tiles of partition 0 in a database, written at once."""

    def __init__(self, connection: Connection) -> None:
        self.kept = _Kept()
        self._connection = connection

    def flush(self) -> None:
        """Write all tiles."""
        rows = [
            {"partition": 0, "level": level, "index": index, "hashes": hashes}
            for (level, index), hashes in self.kept.hashes.items()
        ]
        self._connection.execute(TILES.insert(), rows)


def _proof_ms(size: int) -> float:
    """Return the 99th percentile of the processor time for a proof out of a database."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'audit.sqlite3'}", "audit")
        METADATA.create_all(engine)
        with engine.begin() as connection:
            table = _Table(connection)
            tiles.append(table.kept, 0, _leaves(size))
            table.flush()
        pick, times = random.Random(1), []
        with engine.connect() as connection:
            root = merkle.root(size, tree.nodes_of(connection, 0))
            for _ in range(PROOFS):
                index = pick.randrange(size)
                began = time.process_time()
                path = merkle.inclusion_proof(index, size, tree.nodes_of(connection, 0))
                times.append(time.process_time() - began)
                leaf = sha256(index.to_bytes(8, "big")).digest()
                if merkle.root_from_inclusion(leaf, index, size, path) != root:
                    raise AssertionError(f"leaf {index} is not proven")
        engine.dispose()
    return sorted(times)[int(PROOFS * 0.99)] * 1000


def _leaves(size: int) -> Iterable[bytes]:
    return (sha256(number.to_bytes(8, "big")).digest() for number in range(size))


def run(size: Size, _servers: Servers) -> Figures:
    """Print each pair of rates, and the time of a proof."""
    from tests.support.models import AUDIT

    entries = [number.to_bytes(8, "big") * (_LENGTH // 8) for number in range(LEAVES[size])]
    (bare, root), (appended, other) = _bare(entries), _appended(entries)
    if root != other:
        raise AssertionError("the two trees differ")
    print(f"  bare RFC 9162 loop      {bare:12,.0f} leaves/s")
    print(f"  appended to tiles       {appended:12,.0f} leaves/s")
    print(f"  appended / bare         {appended / bare:12.2f}     (target: {TARGET_RATIO})")
    records, without = _records(EVENTS[size]), replace(AUDIT, read=None)
    figures = {"bare": bare, "appended": appended}
    for batch in (BATCH, 1):
        part = records if batch > 1 else records[: len(records) // 10]
        rates = [_recorded(model, part, batch) for model in (without, AUDIT, AUDIT, without)]
        off, on = (rates[0] + rates[3]) / 2, (rates[1] + rates[2]) / 2
        print(f"  audit, {batch:3} a batch      {on:12,.0f} events/s, {off:,.0f} without")
        print(f"  with / without          {on / off:12.2f}")
        figures |= {f"with, {batch} a batch": on, f"without, {batch} a batch": off}
    proof = _proof_ms(TREE[size])
    print(f"  proof of {TREE[size]:10,}     {proof:12.2f} ms (p99; target: below {TARGET_MS})")
    if size is not Size.SMALL and (appended / bare < TARGET_RATIO or proof > TARGET_MS):
        raise TargetMissed(f"{appended / bare:.2f} of the bare rate, {proof:.2f} ms")
    return figures | {"proof": proof}
