"""The events of dossiers as they come from the log, kept in a temporary file until all are there,
and given back dossier by dossier: they are more than a process should hold.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import ActorKind, Channel, ServiceLevel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted

from cli.formatting import word
from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.envelope import payload_of
from office.streams import DOSSIER

FACTS: Final = ("procedure", "field", "unit", "channel", "level")
"""What is said of a dossier."""


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """An event of a dossier; the instant is microseconds UTC. A citizen has no ``actor``."""

    event_id: str
    type: str
    at: int
    step: str
    source: str
    actor_kind: str
    actor: str
    unit: str


@dataclass(frozen=True, slots=True)
class ExportedDossier:
    """A dossier with its events, in the order of the log."""

    code: str
    facts: dict[str, str]
    events: tuple[ExportedEvent, ...]


class Spool:
    """Takes events in any order, and gives dossiers back by their codes."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        self._file.executescript(
            "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF;"
            "CREATE TABLE event (code TEXT, place INTEGER, content TEXT);"
            "CREATE TABLE dossier (code TEXT PRIMARY KEY, facts TEXT);"
        )
        self.events = 0

    def fill(self, stream: Iterable[pb.StreamEventsResponse]) -> None:
        """Take the events of dossiers from a stream of the log."""
        for item in stream:
            event = Event.FromString(item.body)
            if event.stream_kind == DOSSIER:
                self._take(item, event)
        self._file.execute("CREATE INDEX event_code ON event (code, place)")

    def _take(self, item: pb.StreamEventsResponse, event: Event) -> None:
        payload = payload_of(event)
        happened = None
        if payload is not None and "happened_at" in payload.DESCRIPTOR.fields_by_name:
            happened = instant_in(payload, "happened_at")
        kind = word(ActorKind, event.actor.kind)
        exported = ExportedEvent(
            event.event_id,
            item.type,
            to_us(event.occurred_at) if happened is None else happened,
            str(getattr(payload, "step", "")),
            event.source,
            kind,
            "" if kind == "citizen" else event.actor.id,
            event.actor.unit,
        )
        content = json.dumps(list(asdict(exported).values()))
        self._file.execute(
            "INSERT INTO event VALUES (?, ?, ?)", (event.stream_id, item.offset, content)
        )
        if isinstance(payload, DossierSubmitted):
            values = (
                payload.procedure_code,
                payload.field,
                payload.unit,
                word(Channel, payload.channel) if payload.channel else "",
                word(ServiceLevel, payload.level) if payload.level else "",
            )
            facts = json.dumps(dict(zip(FACTS, values, strict=True)))
            self._file.execute(
                "INSERT OR IGNORE INTO dossier VALUES (?, ?)", (event.stream_id, facts)
            )
        self.events += 1

    def dossiers(self) -> Iterator[ExportedDossier]:
        """Yield each dossier; one whose beginning was not taken has no facts."""
        rows = self._file.execute(
            "SELECT code, content, facts FROM event LEFT JOIN dossier USING (code)"
            " ORDER BY code, place"
        )
        for code, group in groupby(rows, key=itemgetter(0)):
            members = list(group)
            facts = json.loads(members[0][2]) if members[0][2] else {}
            events = tuple(ExportedEvent(*json.loads(content)) for _, content, _ in members)
            yield ExportedDossier(code, facts, events)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@contextmanager
def spool() -> Iterator[Spool]:
    """Open a spool in a temporary folder, which ends with it."""
    with TemporaryDirectory(prefix="motcua-export-") as folder:
        made = Spool(Path(folder, "events.sqlite3"))
        try:
            yield made
        finally:
            made.close()
