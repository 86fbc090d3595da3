"""Signs checkpoints: a note for each partition, which has a tree and so an origin of its own.

No checkpoint is signed that does not continue the one before it, also where the tables were made
again from another log: what was said to others is never taken back.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select, true, tuple_

from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.ledger import merkle
from kernel.ledger.checkpoint import Checkpoint, checkpoint_of
from kernel.ledger.signed_note import Note, SignerKey, VerifierKey, parse, sign
from kernel.telemetry.logs import RateLimit, get_logger
from services.audit.ledger import tree
from services.audit.tables import CHECKPOINTS, LEDGER_KEYS

KEPT: Final = 1_000
"""Checkpoints kept of each partition, beside those that a witness has cosigned."""
_AT: Final = tuple_(CHECKPOINTS.c.partition, CHECKPOINTS.c.size)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Under which name which keys sign: all of them, so that they can be exchanged one by one."""

    origin: str
    seeds: Sequence[bytes] = field(repr=False)

    def origin_of(self, partition: int) -> str:
        """Return the origin of a partition's tree."""
        return f"{self.origin}/{partition}"

    def signers(self, partition: int) -> list[SignerKey]:
        """Return the keys that sign a partition's checkpoints."""
        return [SignerKey(self.origin_of(partition), seed) for seed in self.seeds]

    def publics(self) -> list[bytes]:
        """Return the public parts of the keys."""
        return [signer.verifier.public for signer in self.signers(0)]


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint that was signed, and when (microseconds)."""

    partition: int
    note: Note
    signed_at: int

    @property
    def checkpoint(self) -> Checkpoint:
        """Return what the note says."""
        return checkpoint_of(self.note)


class Signer:
    """Signs what is new, as a periodic task."""

    def __init__(self, keys: LedgerKeys) -> None:
        self._keys = keys
        self._publics = keys.publics()
        self._limit = RateLimit()

    def __call__(self, uow: UnitOfWork, now: int, left_out: Collection[str] = ()) -> int:
        """Sign the tree of each partition that has grown since; nothing is left for another run."""
        signed_at, known = time.time_ns() // 1000, newest(uow.connection)
        for partition, size in tree.sizes(uow.connection).items():
            before = known.get(partition)
            head = self._head(uow.connection, partition, size)
            if before is not None and not self._continues(uow.connection, before, head):
                continue
            note = sign(head.text, self._keys.signers(partition))
            uow.put(
                CHECKPOINTS,
                {
                    "partition": partition,
                    "size": size,
                    "signed_at": signed_at,
                    "cosigned": 0,
                    "note": str(note),
                },
            )
            uow.flush()
            _forget(uow.connection, partition)
        self._note_keys(uow, signed_at)
        return 0

    def _head(self, connection: Connection, partition: int, size: int) -> Checkpoint:
        root = merkle.root(size, tree.nodes_of(connection, partition))
        return Checkpoint(self._keys.origin_of(partition), size, root)

    def _continues(self, connection: Connection, before: Signed, head: Checkpoint) -> bool:
        """Return whether a tree is to be signed: it has grown, and continues what was signed."""
        old, partition = before.checkpoint, before.partition
        if old.origin != head.origin:
            return True  # renamed: nothing was said of this origin
        if old.size <= head.size:
            root = merkle.root(old.size, tree.nodes_of(connection, partition))
            if root == old.root:
                return old.size < head.size
        if self._limit.allow(str(partition)):
            _log.error("ledger.inconsistent", partition=partition, signed=old.size, size=head.size)
        return False

    def _note_keys(self, uow: UnitOfWork, now: int) -> None:
        for public in self._publics:
            if uow.get(LEDGER_KEYS, public) is None:
                uow.put(LEDGER_KEYS, {"public": public, "first_used_at": now})


def newest(connection: Connection) -> dict[int, Signed]:
    """Return the newest checkpoint of each partition."""
    table = CHECKPOINTS.c
    last = select(table.partition, func.max(table.size)).group_by(table.partition)
    return {each.partition: each for each in _read(connection, _AT.in_(last))}


def kept(connection: Connection) -> list[Signed]:
    """Return the checkpoints that are kept, the smallest of each partition first."""
    return _read(connection, true())


def known_keys(connection: Connection, origin: str) -> list[VerifierKey]:
    """Return the keys that have ever signed, under the name of an origin, the first one first."""
    rows = select(LEDGER_KEYS.c.public).order_by(LEDGER_KEYS.c.first_used_at, LEDGER_KEYS.c.public)
    return [VerifierKey(origin, bytes(key)) for key in connection.execute(rows).scalars()]


def _read(connection: Connection, condition: ColumnElement[bool]) -> list[Signed]:
    table = CHECKPOINTS.c
    rows = select(table.partition, table.note, table.signed_at).where(condition)
    return [
        Signed(partition, parse(note), signed_at)
        for partition, note, signed_at in connection.execute(
            rows.order_by(table.partition, table.size)
        )
    ]


def _forget(connection: Connection, partition: int) -> None:
    """Forget the oldest checkpoints that nobody has cosigned."""
    table = CHECKPOINTS.c
    mine = select(table.size).where(table.partition == partition).order_by(table.size.desc())
    last = connection.execute(mine.offset(KEPT).limit(1)).scalar()
    if last is not None:
        old = table.partition == partition, table.size <= last, table.cosigned == 0
        connection.execute(delete(CHECKPOINTS).where(*old))
