"""Applies records to a service's database, a batch in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kernel.base.clock import Clock
from kernel.consumer.applying import positions, quarantine_rows
from kernel.consumer.applying.batch import Batch, Place
from kernel.consumer.applying.quarantine_limit import QuarantineLimit
from kernel.consumer.applying.reactions import Reactions
from kernel.consumer.applying.record_handler import RecordHandler
from kernel.consumer.applying.results import Applied, Past
from kernel.consumer.decisions.discards import NONE_DISCARDED, Discards
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Applier:
    """Applies records to one service's database; used in the writer's thread only."""

    topic: str
    clock: Clock
    limit: QuarantineLimit | None = None
    reacting: bool = True
    """False: every reaction is left pending (bulk reads and rebuilds)."""
    past: Past | None = None
    discards: Discards = NONE_DISCARDED
    """Records that were given up, as the log has it."""

    def apply(self, uow: UnitOfWork, batch: Batch, refused: Mapping[Place, str]) -> Applied:
        """Handle a batch and move the positions; ``refused`` are records to quarantine, with the
        fault.

        Raise ``Fenced``, ``RecordFailed`` and ``Tripped``; the transaction is then to be rolled
        back.
        """
        positions.advance(uow, batch)
        if uow.model.read is not None:
            uow.model.read(
                uow, batch.records if self.past is None else self.past.read(batch.records)
            )
        turn = self._turn(uow, refused)
        uow.rows_at_flush = not self.reacting  # a reaction reads rows
        turn.take_all(batch.records)
        if self.limit is not None:
            self.limit.check(turn.done.outcomes)
        return turn.done

    def redrive(
        self, uow: UnitOfWork, stream_id: str, refused: Mapping[Place, str], *, discard: Call | None
    ) -> Applied:
        """Try what was quarantined of the streams with this id, in the order of the log; give up
        the first of it when an operator called for that.
        """
        turn = self._turn(uow, refused)
        turn.prepare_streams([stream_id])
        rows = quarantine_rows.of_stream(uow, stream_id)
        if discard is not None and rows:
            turn.discard(rows.pop(0), discard)
        turn.drain_all()
        for row in rows:
            if row["reason"] not in quarantine_rows.HOLDING:
                turn.again(row)
        return turn.done

    def redrive_one(
        self, uow: UnitOfWork, place: Place, refused: Mapping[Place, str], *, discard: Call | None
    ) -> Applied:
        """Try or give up one record that was quarantined and names no stream; nothing when there is
        none.
        """
        turn = self._turn(uow, refused)
        row = uow.get(uow.model.tables.quarantine, *place)
        if row is None or row["reason"] == quarantine_rows.DISCARDED:
            return turn.done
        if discard is not None:
            turn.discard(row, discard)
        else:
            turn.again(row)
        return turn.done

    def _turn(self, uow: UnitOfWork, refused: Mapping[Place, str]) -> RecordHandler:
        reactions = Reactions(uow, self.clock, reacting=self.reacting)
        return RecordHandler(uow, self.topic, reactions, refused, self.past, self.discards)
