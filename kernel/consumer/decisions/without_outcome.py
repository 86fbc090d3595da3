"""Causes whose reaction brought nothing: decided once, and recorded on the log.

A cause with an outcome is known by it. One without is noted in the transaction that decided it, and
recorded at most ``INTERVAL`` seconds later, with all others since the last time. A database that is
lost in between decides these again, as a service would that had slept for so long.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from motcua.events.v1.event_pb2 import Event
from motcua.operations.v1.service_events_pb2 import (
    ReactionsBroughtNothing,
    RecordDiscarded,
)
from sqlalchemy import select

from kernel.base.clock import Clock
from kernel.consumer.decisions.service_stream import write
from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.unit_of_work import UnitOfWork

INTERVAL: Final = 60.0
"""Seconds between two records."""
MOST: Final = 5_000
"""Causes in one event: some 200 kB."""
_NEW, _RECORDED = 0, 1
_CHUNK: Final = 500


def note(uow: UnitOfWork, cause_id: str) -> None:
    """Note that the reaction to an event brought nothing."""
    uow.put(uow.model.tables.causes_without_outcome, {"event_id": cause_id, "recorded": _NEW})


def record(uow: UnitOfWork, clock: Clock) -> int:
    """Record what was noted on the log, and return how many causes: up to ``MOST``."""
    table = uow.model.tables.causes_without_outcome
    chosen = select(table.c.event_id).where(table.c.recorded == _NEW).limit(MOST)
    causes = sorted(uow.query(chosen).scalars())
    if causes:
        write(uow, ReactionsBroughtNothing(causes=causes), clock.now(), daily=True)
        for cause_id in causes:
            uow.delete(table, cause_id)
    return len(causes)


def take(uow: UnitOfWork, event: Event) -> None:
    """Take an event of the service's own streams that was read from the log, where a lost database
    had written it: its causes are decided, whether they were met before or come later.
    """
    payload = payload_of(event)
    causes: Iterable[str] = ()
    if isinstance(payload, ReactionsBroughtNothing):
        causes = payload.causes
    elif isinstance(payload, RecordDiscarded) and payload.only_reaction:
        causes = [payload.event_id]
    for cause_id in causes:
        row = {"event_id": cause_id, "recorded": _RECORDED}
        uow.put(uow.model.tables.causes_without_outcome, row)


def among(uow: UnitOfWork, event_ids: list[str]) -> set[str]:
    """Return those events of which it was decided that they bring nothing."""
    table = uow.model.tables.causes_without_outcome
    found: set[str] = set()
    for start in range(0, len(event_ids), _CHUNK):
        chosen = select(table.c.event_id).where(
            table.c.event_id.in_(event_ids[start : start + _CHUNK])
        )
        found.update(uow.query(chosen).scalars())
    return found
