"""The rows of dossiers as of an instant (time travel), one dossier in memory at a time.

Rows that no event has changed since the instant are read as they are; only the others are folded
again from the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested
from sqlalchemy import ColumnElement, Connection, Select, and_, select, true

from kernel.eventsourcing.envelope import payload_of
from office.streams import DOSSIER
from services.audit.state.event_changes import CHANGES
from services.audit.state.fold import fold
from services.audit.state.portal_state import DossierRow
from services.audit.tables import DOSSIERS, LOG

PAGE: Final = 2_000
RELEVANT: Final = sorted(kind.DESCRIPTOR.full_name for kind in CHANGES)
"""The types of events that can change a row."""


def dossier_row(connection: Connection, code: str, as_of: int | None) -> DossierRow | None:
    """Return the row of one dossier; None when the log has nothing of it by then."""
    one = select(DOSSIERS).where(DOSSIERS.c.dossier_code == code)
    row = next(rows_of(connection, one), None)
    if row is None or as_of is None or row["changed_at"] <= as_of:
        return row
    return folded(bodies_of(connection, code, as_of))


def bodies_of(connection: Connection, code: str, as_of: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield occurred_at and the bytes of a dossier's events, in the order of the log."""
    statement = select(LOG.c.occurred_at, LOG.c.body).where(
        LOG.c.stream_id == code, LOG.c.stream_kind == DOSSIER
    )
    if as_of is not None:
        statement = statement.where(LOG.c.occurred_at <= as_of)
    return streamed(connection, statement.order_by(LOG.c.partition, LOG.c.offset))


def events_of(connection: Connection, code: str, as_of: int | None) -> Iterator[Event]:
    """Yield a dossier's events in the order of the log."""
    for _, body in bodies_of(connection, code, as_of):
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


def changed_since(connection: Connection, as_of: int) -> Iterator[DossierRow]:
    """Yield the row, as of an instant, of each dossier whose row has changed since."""
    condition = and_(DOSSIERS.c.changed_at > as_of, LOG.c.occurred_at <= as_of)
    return rows_until(connection, condition, lambda _zone: as_of)


def rows_until(
    connection: Connection, condition: ColumnElement[bool], until: Callable[[str], int]
) -> Iterator[DossierRow]:
    """Yield the rows of dossiers whose present row and events meet a condition, each as of the
    instant that ``until`` gives for its time zone; none of those that had no event by then.
    """
    statement = (
        select(LOG.c.stream_id, DOSSIERS.c.time_zone, LOG.c.occurred_at, LOG.c.body)
        .join(DOSSIERS, DOSSIERS.c.dossier_code == LOG.c.stream_id)
        .where(LOG.c.stream_kind == DOSSIER, condition, LOG.c.type.in_(RELEVANT))
        .order_by(LOG.c.stream_id, LOG.c.partition, LOG.c.offset)
    )
    for _code, rows in groupby(streamed(connection, statement), key=itemgetter(0)):
        row = folded((at, body) for _, zone, at, body in rows if at <= until(zone))
        if row is not None:
            yield row


def unchanged_since(as_of: int | None) -> ColumnElement[bool]:
    """Return the condition that a row of ``dossiers`` holds as of an instant; all do for None."""
    return true() if as_of is None else DOSSIERS.c.changed_at <= as_of


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
