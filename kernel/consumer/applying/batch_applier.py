"""Applies records to a service's database, a batch in a transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.kernel.clock import Clock
from services.kernel.consumer import parked, positions
from services.kernel.consumer.batch import Batch, Place
from services.kernel.consumer.limit import Limit
from services.kernel.consumer.outcome import Applied as Applied
from services.kernel.consumer.outcome import Past as Past
from services.kernel.consumer.outcome import RecordFailed as RecordFailed
from services.kernel.consumer.pending import Reactions
from services.kernel.consumer.turn import Turn
from services.kernel.unit import UnitOfWork


@dataclass(frozen=True)
class Applier:
    """Applies records to one service's database; used in the writer's thread only."""

    topic: str
    clock: Clock
    limit: Limit | None = None
    reacting: bool = True
    """False: every reaction is left pending (bulk reads and rebuilds)."""
    past: Past | None = None

    def apply(self, uow: UnitOfWork, batch: Batch, refused: Mapping[Place, str]) -> Applied:
        """Handle a batch and move the positions; ``refused`` are records to be set aside, with the
        fault.

        Raises ``Fenced``, ``RecordFailed`` and ``Tripped``; the transaction is then to be rolled
        back.
        """
        positions.advance(uow, batch.expected, batch.target)
        turn = self._turn(uow, refused)
        turn.take_all(batch.records)
        if self.limit is not None:
            self.limit.check(turn.done.outcomes)
        return turn.done

    def redrive(
        self, uow: UnitOfWork, code: str, refused: Mapping[Place, str], *, discard_first: bool
    ) -> Applied:
        """Try the records of a dossier that were set aside, in the order of the log."""
        turn = self._turn(uow, refused)
        turn.prepare_codes([code])
        rows = parked.of_dossier(uow, code)
        if discard_first and rows:
            turn.discard(rows.pop(0))
        turn.drain(code)
        for row in rows:
            if row["reason"] not in parked.HOLDING:
                turn.again(row)
        return turn.done

    def redrive_one(
        self, uow: UnitOfWork, place: Place, refused: Mapping[Place, str], *, discard_first: bool
    ) -> Applied:
        """Try one record that was set aside and names no dossier; nothing when there is none."""
        turn = self._turn(uow, refused)
        row = uow.get(uow.model.tables.quarantine, *place)
        if row is not None and discard_first:
            turn.discard(row)
        elif row is not None and row["reason"] != parked.DISCARDED:
            turn.again(row)
        return turn.done

    def _turn(self, uow: UnitOfWork, refused: Mapping[Place, str]) -> Turn:
        reactions = Reactions(uow, self.clock, reacting=self.reacting)
        return Turn(uow, self.topic, reactions, refused, self.past)
