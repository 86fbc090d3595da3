"""Reports that contradict earlier ones: which dossiers have any, and which they are."""

from __future__ import annotations

from collections.abc import Iterator

from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1.job_events_pb2 import ItemTracked
from sqlalchemy import Connection, select

from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.audit.record.stored_event import decoded
from services.audit.reports.queries import timeline
from services.audit.state.portal_state import DossierRow
from services.audit.state.times import Times
from services.audit.tables import CONTRADICTIONS, DOSSIERS


def note(uow: UnitOfWork, event: Event, payload: ItemTracked) -> None:
    """Keep that a dossier has a report that contradicts an earlier one."""
    if payload.contradicts and uow.get(CONTRADICTIONS, event.stream_id) is None:
        uow.put(CONTRADICTIONS, {"dossier_code": event.stream_id})


def dossiers(connection: Connection, after: str, limit: int) -> list[DossierRow]:
    """Return the code, unit and time zone of dossiers that have any, by code."""
    columns = DOSSIERS.c.dossier_code, DOSSIERS.c.unit, DOSSIERS.c.time_zone
    chosen = (
        select(*columns)
        .join(CONTRADICTIONS, CONTRADICTIONS.c.dossier_code == DOSSIERS.c.dossier_code)
        .where(DOSSIERS.c.dossier_code > after)
        .order_by(DOSSIERS.c.dossier_code)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(chosen).mappings()]


def reports(connection: Connection, code: str, times: Times) -> Iterator[DossierRow]:
    """Yield the rows of the log with the reports of a dossier that contradict earlier ones."""
    for row in timeline(connection, code, times.as_of, known_at=times.known_at):
        event = decoded(row["body"])
        payload = None if event is None else payload_of(event)
        if isinstance(payload, ItemTracked) and payload.contradicts:
            yield row
