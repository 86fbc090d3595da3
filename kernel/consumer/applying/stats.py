"""What the consumer has done since it was started; plain numbers, read from any thread."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from kernel.base.halt import Halt
from kernel.base.instants import SECOND, to_us
from kernel.consumer.applying.results import Applied
from kernel.telemetry import metrics
from kernel.telemetry.logs import get_logger

_log = get_logger(__name__)


@dataclass(slots=True)
class ConsumerStats:
    """Counts committed work."""

    handled: int = 0
    repeats: int = 0
    unknown: int = 0
    mismatches: int = 0
    unauthenticated: int = 0
    reactions: int = 0
    live: int = 0
    bulk: int = 0
    stalled: int = 0
    fenced: int = 0
    transactions: int = 0
    halt: Halt | None = None
    """Why nothing is read further."""
    ready: bool = False
    lag: dict[int, int] = field(default_factory=dict)
    """Per partition, as of the last look at the log; empty while the broker does not answer."""

    def add(self, done: Applied) -> None:
        """Count one committed transaction."""
        self.transactions += 1
        self.handled += done.handled
        self.repeats += done.repeats
        self.unknown += done.unknown
        self.mismatches += done.mismatches
        self.unauthenticated += done.unauthenticated
        self.count_reactions(done.reactions)
        metrics.HANDLED.add(done.handled)
        if done.repeats:
            metrics.REPEATS.add(done.repeats)
        if done.unknown:
            metrics.UNKNOWN.add(done.unknown)
        if done.mismatches:
            metrics.KEY_MISMATCHES.add(done.mismatches)
        if done.unauthenticated:
            metrics.UNAUTHENTICATED.add(done.unauthenticated)
            _log.error("consumer.unauthenticated", records=done.unauthenticated)
        if done.conflicts:
            metrics.CONFLICTS.add(done.conflicts)
        if done.outcomes:
            metrics.CONSUMER_BATCH.record(len(done.outcomes))

    def count_reactions(self, acted: Counter[str]) -> None:
        """Count committed reactions, by type of their cause."""
        self.reactions += acted.total()
        for cause, number in acted.items():
            metrics.REACTIONS.add(number, {"cause": cause})

    def delay(self, done: Applied, now: int) -> None:
        """Record how long after its writing the last event of a live batch took effect here."""
        if done.last is not None:
            metrics.DELAY.record(max(0, now - to_us(done.last.recorded_at)) / SECOND)
