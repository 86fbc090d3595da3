"""Replays the log: each partition in the order of the log, the partitions side by side in time.

The next event is always the one that happened first among the partitions' next ones. An event that
was accepted late, at an offset that the replay has passed, is not in the same call; it is in the
next.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, select

from office.streams import DOSSIER
from services.audit.tables import CHAINS, LOG

Run = Callable[[Callable[[Connection], Any]], Awaitable[Any]]
"""Runs a read on a connection, beside the loop."""
FIRST_PAGE: Final = 20
"""Rows first read of each partition: who opens a stream and does not read costs no more."""
PAGE: Final = 300
"""Rows held of each partition at most."""
POLL_SECONDS: Final = 0.25
_COLUMNS: Final = (
    LOG.c.partition,
    LOG.c.offset,
    LOG.c.type,
    LOG.c.body,
    LOG.c.occurred_at,
    LOG.c.stream_id,
    LOG.c.stream_kind,
)


@dataclass(frozen=True)
class ReplayRange:
    """What is to be replayed, after these offsets per partition.

    ``first`` ≤ occurred_at < ``end``, where these are given.
    """

    first: int | None = None
    end: int | None = None
    dossier_code: str = ""
    after: Mapping[int, int] = field(default_factory=dict)


class ChainHeads:
    """The chains' heads, read at most twice an interval for any number of followers."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reading: asyncio.Task[dict[int, int]] | None = None
        self._due = 0.0

    async def now(self) -> dict[int, int]:
        """Return the heads as they are, or were less than half an interval ago."""
        now = asyncio.get_running_loop().time()
        if self._reading is None or now >= self._due:
            self._due = now + POLL_SECONDS / 2
            self._reading = asyncio.ensure_future(self._run(_heads))
        return await asyncio.shield(self._reading)


async def replay_events(
    run: Run, replayed: ReplayRange, *, follow: bool, shared: ChainHeads | None = None
) -> AsyncIterator[Any]:
    """Yield the rows of a section; ``run`` runs a read.

    With ``follow`` it goes on until it is cancelled; ``shared`` spares many followers a read each.
    """
    places = dict(replayed.after)
    first = True
    while True:
        heads = await (run(_heads) if first or shared is None else shared.now())
        first = False
        async for row in _play_until(run, replayed, places, heads):
            places[row.partition] = row.offset
            yield row
        places.update({p: max(o, places.get(p, -1)) for p, o in heads.items()})
        if not follow:
            return
        await asyncio.sleep(POLL_SECONDS)


async def _play_until(
    run: Run,
    replayed: ReplayRange,
    places: Mapping[int, int],
    heads: Mapping[int, int],
) -> AsyncIterator[Any]:
    """Yield the rows between the places reached and the heads."""
    waiting: dict[int, deque[Any]] = {}
    sizes = dict.fromkeys(heads, FIRST_PAGE)

    async def refill(partition: int, after: int) -> None:
        size = sizes[partition]
        sizes[partition] = min(PAGE, 2 * size)
        rows = await run(lambda c: _page(c, replayed, partition, after, heads[partition], size))
        if rows:
            waiting[partition] = deque(rows)
        else:
            waiting.pop(partition, None)

    for partition, head in heads.items():
        if places.get(partition, -1) < head:
            await refill(partition, places.get(partition, -1))
    while waiting:
        partition = min(waiting, key=lambda p: (waiting[p][0].occurred_at, p))
        row = waiting[partition].popleft()
        yield row
        if not waiting[partition]:
            await refill(partition, row.offset)


def _heads(connection: Connection) -> dict[int, int]:
    found = connection.execute(select(CHAINS.c.partition, CHAINS.c.offset)).all()
    return {row.partition: row.offset for row in found}


def _page(
    connection: Connection, replayed: ReplayRange, partition: int, after: int, head: int, size: int
) -> list[Any]:
    statement = select(*_COLUMNS).where(
        LOG.c.partition == partition, LOG.c.offset > after, LOG.c.offset <= head
    )
    if replayed.first is not None:
        statement = statement.where(LOG.c.occurred_at >= replayed.first)
    if replayed.end is not None:
        statement = statement.where(LOG.c.occurred_at < replayed.end)
    if replayed.dossier_code:
        statement = statement.where(
            LOG.c.stream_id == replayed.dossier_code, LOG.c.stream_kind == DOSSIER
        )
    return list(connection.execute(statement.order_by(LOG.c.offset).limit(size)).all())
