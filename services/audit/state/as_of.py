"""The rows of dossiers as of an instant, by what had been recorded by another one (bitemporal), one
dossier in memory at a time.

What was recorded by an instant is the beginning of a stream, up to its first event that was
recorded later: an event is never known without those before it, whatever the clocks of the services
say. Rows that no event has changed since are read as they are; only the others are folded again
from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested
from sqlalchemy import ColumnElement, Connection, Select, and_, case, not_, select, true

from kernel.eventsourcing.envelope import payload_of
from office.streams import DOSSIER
from services.audit.state.event_changes import CHANGES
from services.audit.state.fold import fold
from services.audit.state.portal_state import DossierRow
from services.audit.tables import DOSSIERS, LOG

PAGE: Final = 2_000
LAST: Final = 2**63 - 1
"""An instant after all others."""
T = TypeVar("T")
RELEVANT: Final = sorted(kind.DESCRIPTOR.full_name for kind in CHANGES)
"""The types of events that can change a row."""


FACTS: Final = [column for column in DOSSIERS.c if column is not DOSSIERS.c.recorded_at]
"""The columns that the fold makes."""


def dossier_row(
    connection: Connection, code: str, as_of: int | None, known_at: int | None = None
) -> DossierRow | None:
    """Return the row of one dossier; None when the log has nothing of it by then."""
    one = select(*FACTS).where(DOSSIERS.c.dossier_code == code, unchanged_since(as_of, known_at))
    row = next(rows_of(connection, one), None)
    if row is not None or (as_of is None and known_at is None):
        return row
    return folded(bodies_of(connection, code, as_of, known_at))


def bodies_of(
    connection: Connection, code: str, as_of: int | None, known_at: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield occurred_at and the bytes of a dossier's events, in the order of the log."""
    statement = select(LOG.c.occurred_at, LOG.c.recorded_at, LOG.c.body).where(
        LOG.c.stream_id == code, LOG.c.stream_kind == DOSSIER
    )
    rows = streamed(connection, statement.order_by(LOG.c.partition, LOG.c.offset))
    for row in known_by(known_at, rows, itemgetter(1)):
        if as_of is None or row.occurred_at <= as_of:
            yield row.occurred_at, row.body


def known_by(
    known_at: int | None, rows: Iterable[T], recorded_at: Callable[[T], int]
) -> Iterable[T]:
    """Return the rows of a stream's log that had been recorded by an instant, all for None."""
    return rows if known_at is None else _recorded_by(known_at, rows, recorded_at)


def _recorded_by(known_at: int, rows: Iterable[T], recorded_at: Callable[[T], int]) -> Iterator[T]:
    known = True
    for row in rows:  # to their end, so that no cursor stays open
        known = known and recorded_at(row) <= known_at
        if known:
            yield row


def events_of(
    connection: Connection, code: str, as_of: int | None, known_at: int | None = None
) -> Iterator[Event]:
    """Yield a dossier's events in the order of the log."""
    for _, body in bodies_of(connection, code, as_of, known_at):
        yield Event.FromString(body)


def units_of(rows: Iterable[DossierRow]) -> set[str]:
    """Return the units that take part in a dossier by the rows of its log: the one that answers for
    it, those that received it, had its steps, or were asked.
    """
    found: set[str] = set()
    row: DossierRow | None = None
    for stored in rows:
        event = Event.FromString(stored["body"])
        row = fold(row, event, stored["occurred_at"])
        found |= {row["unit"], row["step_unit"]}
        payload = payload_of(event)
        if isinstance(payload, DossierSubmitted):
            found.add(event.actor.unit)
        elif isinstance(payload, ConsultationRequested):
            found.add(payload.unit)
    return found - {""}


def changed_since(
    connection: Connection, as_of: int | None, known_at: int | None
) -> Iterator[DossierRow]:
    """Yield the row, as of an instant and by what had been recorded, of each dossier whose row has
    changed since.
    """
    latest = LAST if as_of is None else as_of
    changed = not_(unchanged_since(as_of, known_at))
    return rows_until(connection, changed, latest, lambda _zone: latest, known_at)


def rows_until(
    connection: Connection,
    condition: ColumnElement[bool],
    latest: int,
    until: Callable[[str], int],
    known_at: int | None = None,
) -> Iterator[DossierRow]:
    """Yield the rows of dossiers whose present row meets a condition, each as of the instant that
    ``until`` gives for its time zone, which is not after ``latest``, and by what had been recorded;
    none of those that had no event by then.
    """
    counts = and_(LOG.c.occurred_at <= latest, LOG.c.type.in_(RELEVANT))
    body: ColumnElement[bytes | None] = LOG.c.body
    if known_at is not None:
        # An event that does not count, too, is met, without its bytes: recorded later, it ends what
        # was known.
        body = case((and_(counts, LOG.c.recorded_at <= known_at), LOG.c.body))
        counts = true()
    statement = (
        select(LOG.c.stream_id, DOSSIERS.c.time_zone, LOG.c.occurred_at, LOG.c.recorded_at, body)
        .join(DOSSIERS, DOSSIERS.c.dossier_code == LOG.c.stream_id)
        .where(LOG.c.stream_kind == DOSSIER, condition, counts)
        .order_by(LOG.c.stream_id, LOG.c.partition, LOG.c.offset)
    )
    for _code, rows in groupby(streamed(connection, statement), key=itemgetter(0)):
        known = known_by(known_at, rows, itemgetter(3))
        row = folded(
            (at, event)
            for _, zone, at, _, event in known
            if event is not None and at <= until(zone)
        )
        if row is not None:
            yield row


def unchanged_since(as_of: int | None, known_at: int | None) -> ColumnElement[bool]:
    """Return the condition that a row of ``dossiers`` holds as of an instant and by what had been
    recorded; all do for None.
    """
    return and_(
        true() if as_of is None else DOSSIERS.c.changed_at <= as_of,
        true() if known_at is None else DOSSIERS.c.recorded_at <= known_at,
    )


def rows_of(connection: Connection, statement: Select[Any]) -> Iterator[DossierRow]:
    """Run a select of whole rows and yield each as a mapping by column."""
    for row in connection.execute(statement).mappings():
        yield {str(name): value for name, value in row.items()}


def streamed(connection: Connection, statement: Select[Any]) -> Iterator[Any]:
    """Run a select and yield its rows without fetching all of them at once."""
    yield from connection.execute(statement, execution_options={"yield_per": PAGE})


def folded(rows: Iterable[tuple[int, bytes]]) -> DossierRow | None:
    """Fold events in order; None when there are none."""
    row: DossierRow | None = None
    for occurred_at, body in rows:
        event = Event.FromString(body)
        row = fold(row, event, occurred_at)
    return row
