"""Operators' access to quarantined records (dead-letter queue). Its methods block: use a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from kernel.consumer.applying import quarantine_rows
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.results import Applied
from kernel.consumer.redrive import redrive
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import Headers
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork

PAGE = 100


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """One quarantined record; the instant in microseconds UTC of real time."""

    topic: str
    partition: int
    offset: int
    stream_id: str
    stream_kind: str
    source: str
    sequence: int
    reason: str
    error: str
    first_seen_at: int
    attempts: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Redriven:
    """The outcome of a redrive."""

    handled: int
    quarantined: int
    """Records of the stream, or the one named, that are still in quarantine."""


class Quarantine:
    """The quarantined records of one service, without the discarded ones."""

    def __init__(
        self,
        reads: Engine,
        writer: Writer,
        model: Model,
        applier: Applier,
        after: Callable[[], None],
    ) -> None:
        """``after`` is called when a redrive may have left pending reactions."""
        self._reads = reads
        self._writer = writer
        self._model = model
        self._applier = applier
        self._after = after

    def count(self) -> int:
        """Return the number of quarantined records."""
        table = self._model.tables.quarantine
        chosen = select(func.count()).where(table.c.reason != quarantine_rows.DISCARDED)
        with self._reads.connect() as connection:
            return int(connection.execute(chosen).scalar_one())

    def list(self, stream_id: str = "", limit: int = PAGE) -> list[QuarantinedRecord]:
        """Return records in the order in which they were quarantined, or those of one stream in the
        order of the log.
        """
        table = self._model.tables.quarantine
        chosen = table.select().where(table.c.reason != quarantine_rows.DISCARDED).limit(limit)
        if stream_id:
            chosen = chosen.where(table.c.stream_id == stream_id)
            chosen = chosen.order_by(table.c.partition, table.c.offset)
        else:
            chosen = chosen.order_by(table.c.first_seen_at, table.c.partition, table.c.offset)
        with self._reads.connect() as connection:
            return [_shown(dict(row)) for row in connection.execute(chosen).mappings()]

    def get(self, partition: int, offset: int) -> QuarantinedRecord | None:
        """Return one record with its bytes, or None."""
        table = self._model.tables.quarantine
        chosen = table.select().where(table.c.partition == partition, table.c.offset == offset)
        with self._reads.connect() as connection:
            found = connection.execute(chosen).mappings().first()
        return None if found is None else _shown(dict(found))

    def redrive(
        self,
        stream_id: str = "",
        partition: int = 0,
        offset: int = 0,
        *,
        discard: Call | None = None,
    ) -> Redriven:
        """Handle a stream's records again, in order; without a stream the one at partition and
        offset.

        The first one that fails again stays, once, with one more attempt counted, and the rest
        behind it. ``discard`` is an operator's call to give up the first one instead: its stream
        goes on after it, and that is written on the log, where the record stays. Raise
        ``Unavailable`` when the database does not answer.
        """
        place = None if stream_id else (partition, offset)
        done = redrive(self._run, self._applier, stream_id, place, discard=discard)
        self._after()
        return Redriven(done.handled, self._left(stream_id, partition, offset))

    def _run(self, work: Callable[[UnitOfWork], Applied]) -> Applied:
        return self._writer.exclusive(work).result()

    def _left(self, stream_id: str, partition: int, offset: int) -> int:
        table = self._model.tables.quarantine
        chosen = select(func.count()).where(table.c.reason != quarantine_rows.DISCARDED)
        if stream_id:
            chosen = chosen.where(table.c.stream_id == stream_id)
        else:
            chosen = chosen.where(table.c.partition == partition, table.c.offset == offset)
        with self._reads.connect() as connection:
            return int(connection.execute(chosen).scalar_one())


def _shown(row: dict[str, object]) -> QuarantinedRecord:
    headers = quarantine_rows.unpack(str(row.pop("headers")))
    return QuarantinedRecord(**row, headers=headers)  # type: ignore[arg-type]
