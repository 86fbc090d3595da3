"""Events and histories for the tests of audit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import from_datetime, to_timestamp, to_us
from kernel.eventsourcing.envelope import event_types, short_name
from services.audit.reports.indicators import ReportedDossier, reported_dossier
from services.audit.state.fold import fold
from services.audit.state.portal_state import DossierRow
from tests.support.events import make_event

CODE = "H22.12.03-210809-0007"
HANOI = "Asia/Ho_Chi_Minh"
OFFICER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an.nv", unit="H22.12")


def at(text: str, zone: str = HANOI) -> int:
    """Return an instant from wall-clock time, such as ``2021-08-09 08:00``."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def stamp(text: str, zone: str = HANOI) -> Any:
    """Return wall-clock time as a protobuf timestamp."""
    return to_timestamp(at(text, zone))


def happened(
    payload: Message, when: int, *, code: str = CODE, source: str = "intake", sequence: int = 1
) -> Event:
    """Put a payload into its envelope."""
    return make_event(
        code,
        source,
        sequence,
        payload,
        actor=OFFICER,
        occurred_at=when,
        recorded_at=when,
        causation_id="",
        correlation_id="",
    )


def folded(events: Iterable[Event]) -> DossierRow:
    """Fold events in order; there has to be one."""
    row: DossierRow | None = None
    for event in events:
        row = fold(row, event, to_us(event.occurred_at))
    assert row is not None
    return row


def reported(row: DossierRow) -> ReportedDossier:
    """Return what the report needs of a dossier that was accepted."""
    found = reported_dossier(row)
    assert found is not None
    return found


SOURCE_OF = {short_name(name): name.split(".")[1] for name in event_types()}
"""The service that owns each type of event."""


class Numbering:
    """Numbers events as their services would: 1, 2, 3 per dossier and source."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def event(self, payload: Message, when: int, code: str = CODE) -> Event:
        """Return the next event of its stream."""
        source = SOURCE_OF[payload.DESCRIPTOR.name]
        number = self._last.get((code, source), 0) + 1
        self._last[code, source] = number
        return happened(payload, when, code=code, source=source, sequence=number)
