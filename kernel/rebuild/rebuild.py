"""Makes a service's tables again from the log, beside those in use, and puts them in their place.

The service goes on meanwhile, with all its processes. Only for the exchange itself nobody may
write: what came last is read, what is not on the log is carried over, and the two places are
exchanged in one transaction. Until then whatever happens leaves the tables in use as they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Engine, func, select
from sqlalchemy.engine import make_url

from kernel.consumer.applying.quarantine_rows import DISCARDED
from kernel.eventsourcing.envelope import new_id
from kernel.eventsourcing.identities import require_service
from kernel.eventsourcing.migrate import migrate
from kernel.eventsourcing.readiness import note_whole
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.cluster import Bootstrap
from kernel.rebuild.carry_over import (
    carry_over,
    require_own,
    require_proven,
    take_own,
    unpublished,
    usable_tables,
)
from kernel.rebuild.place import HeldUp, Place
from kernel.rebuild.postgresql_place import PostgresqlPlace
from kernel.rebuild.shadow import Progress, Shadow
from kernel.rebuild.sqlite_place import SqlitePlace
from kernel.storage.generation import GENERATION

READING: Final = "reading"
HOLDING: Final = "waiting for writers"
READING_REST: Final = "reading what came last"
EXCHANGING: Final = "exchanging"
CLEARING: Final = "clearing"
"""The steps of a rebuild."""
FEW: Final = 1_000
"""Records that may be read while nobody writes."""
ROUNDS: Final = 20
"""How often the rest is read before, while others go on writing."""
PATIENCE: Final = 60.0
PAUSE: Final = 0.5
"""Seconds in all, and between two tries, for tables that others do not let go of."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    service: str
    events: int
    seconds: float
    """From its beginning to its end."""
    held_seconds: float
    """For how long nobody could write."""
    unpublished: int
    """Own events that were not on the log yet, and were carried over."""
    quarantined: int
    """Records that were quarantined, without the discarded ones."""
    pending: int
    """Reactions that the service will look at."""


def rebuild(
    model: Model,
    bootstrap: Bootstrap,
    topic: str,
    url: str,
    *,
    schema: str = "",
    progress: Progress | None = None,
    step: Callable[[str], None] = lambda _name: None,
    prepare: Callable[[Engine, Model], object] = migrate,
) -> Rebuilt:
    """Make a database again from the log, from its first record to its present end; it may be in
    use, be empty, or not exist.

    ``prepare`` makes empty tables; ``step`` is called at the beginning of each step. Raise
    ``RebuildRunning``; ``LogUnavailable`` when the log does not answer, ``LogDiffers`` when it is
    another one than that of the database; ``OtherIdentity`` when that is another service's;
    ``NotOnLog`` when the database has what the log lacks, ``NotProven`` when no key proves what it
    has; ``HeldUp`` when its users do not let go of it. It is as it was then.
    """
    begun = time.monotonic()
    place = place_of(url, schema or model.source)
    with place.reserved():
        step(READING)
        engine = place.make()
        try:
            prepare(engine, model)
            _name_generation(engine, model)
            with Shadow(engine, model, bootstrap, topic) as shadow:
                shadow.read(progress)
                shadow.run(note_whole)
                done = _exchange(place, shadow, model, step)
            step(CLEARING)
        finally:
            engine.dispose()
            place.clear()
    seconds = time.monotonic() - begun
    return replace(done, events=shadow.tally.handled, seconds=seconds)


def place_of(url: str, schema: str) -> Place:
    """Return where the tables of a database are, for who replaces them or changes many of them."""
    kind = SqlitePlace if make_url(url).get_backend_name() == "sqlite" else PostgresqlPlace
    return kind(url, schema)


def _exchange(place: Place, shadow: Shadow, model: Model, step: Callable[[str], None]) -> Rebuilt:
    """Put the tables in their place, as soon as they can be had alone."""
    end = time.monotonic() + PATIENCE
    while True:
        for _ in range(ROUNDS):
            if shadow.read() < FEW:
                break
        step(HOLDING)
        try:
            return _exchange_now(place, shadow, model, step)
        except HeldUp:
            if time.monotonic() > end:
                raise
        time.sleep(PAUSE)


def _exchange_now(
    place: Place, shadow: Shadow, model: Model, step: Callable[[str], None]
) -> Rebuilt:
    begun = time.monotonic()  # who writes may queue behind this one already while it waits
    with place.hold() as held:
        require_service(held.connection, model.tables, model.source)
        step(READING_REST)
        shadow.read()
        usable = usable_tables(held, model)
        if usable >= {model.tables.positions.name, model.tables.published.name}:
            shadow.require_log_of(held.connection)
        rows = unpublished(held, model, usable)
        carried = shadow.run(partial(take_own, rows=rows))
        left = shadow.run(_left)
        held.attach()
        require_proven(held, model, usable)
        require_own(held, model, usable)
        kept = carry_over(held, model, usable)
        step(EXCHANGING)
        held.replace(kept)
    return Rebuilt(model.source, 0, 0.0, time.monotonic() - begun, carried, *left)


def _name_generation(engine: Engine, model: Model) -> None:
    """Name the generation of the tables, one of their own, from the beginning: so they are never
    taken for those in use by a transaction that sees them half filled.
    """
    with engine.begin() as connection:
        row = {"name": GENERATION, "value": new_id()}
        connection.execute(model.tables.identities.insert(), row)


def _left(uow: UnitOfWork) -> tuple[int, int]:
    """Count quarantined records and pending reactions."""
    aside, pending = uow.model.tables.quarantine, uow.model.tables.pending_reactions
    quarantined = select(func.count()).where(aside.c.reason != DISCARDED)
    return (
        uow.query(quarantined).scalar_one(),
        uow.query(select(func.count()).select_from(pending)).scalar_one(),
    )
