"""Persons who answer for findings of a verification: an event each, so that a rebuild knows them.

A finding is a stream of its own. Two persons close it (``findings.PERSONS``); it stays listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from motcua.audit.v1.finding_events_pb2 import FindingAcknowledged
from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Select, select

from kernel.base.errors import NotFound, Refusal, Refused
from kernel.base.instants import to_timestamp, to_us
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.streams import FINDING
from services.audit.record.findings import PERSONS, closed
from services.audit.tables import ACKNOWLEDGEMENTS
from services.audit.wording.texts import TEXTS

FOUND: Final = (
    *("kind", "partition", "offset", "stream_kind", "stream_id"),
    *("source", "sequence", "last_sequence"),
)
"""The fields of a finding that the event repeats."""


def acknowledge(
    uow: UnitOfWork, finding: pb.Finding | None, request: pb.AcknowledgeFindingRequest, call: Call
) -> Sequence[Event]:
    """Record that the caller answers for a finding.

    Raise ``NotFound`` when no verification has named it, and ``Refused``.
    """
    if finding is None:
        raise NotFound(*TEXTS.both("finding.unknown"))
    if finding.kind == types.FINDING_KIND_LATE:
        raise _refused("FINDING_NO_FAULT")
    given = _of_finding(uow, finding.finding_id)
    if closed(given):
        raise _refused("FINDING_CLOSED")
    if call.actor.id in {each.actor.id for each in given}:
        raise _refused("SECOND_PERSON_NEEDED")
    payload = FindingAcknowledged(
        **{name: getattr(finding, name) for name in FOUND}, reason=request.reason
    )
    return uow.append_call(finding.finding_id, [payload], call, kind=FINDING)


def answer(
    uow: UnitOfWork, request: pb.AcknowledgeFindingRequest, _call: Call, _events: Sequence[Event]
) -> pb.AcknowledgeFindingResponse:
    """Return who answers for the finding now."""
    given = _of_finding(uow, request.finding_id)
    return pb.AcknowledgeFindingResponse(acknowledgements=given[:PERSONS])


def note(uow: UnitOfWork, event: Event, payload: FindingAcknowledged) -> None:
    """Keep the row of an acknowledgement; a person's first one holds."""
    if uow.get(ACKNOWLEDGEMENTS, event.stream_id, event.actor.id) is None:
        uow.put(
            ACKNOWLEDGEMENTS,
            {
                "finding_id": event.stream_id,
                "person": event.actor.id,
                "person_kind": event.actor.kind,
                "person_unit": event.actor.unit,
                "reason": payload.reason,
                "acknowledged_at": to_us(event.occurred_at),
            },
        )


def acknowledged(connection: Connection) -> Mapping[str, Sequence[pb.Acknowledgement]]:
    """Return who answers for which finding."""
    found: dict[str, list[pb.Acknowledgement]] = {}
    for row in connection.execute(_in_order()):
        found.setdefault(row.finding_id, []).append(_acknowledgement(row))
    return found


def _of_finding(uow: UnitOfWork, finding_id: str) -> list[pb.Acknowledgement]:
    chosen = _in_order().where(ACKNOWLEDGEMENTS.c.finding_id == finding_id)
    return [_acknowledgement(row) for row in uow.query(chosen)]


def _in_order() -> Select[Any]:
    columns = ACKNOWLEDGEMENTS.c
    return select(ACKNOWLEDGEMENTS).order_by(
        columns.finding_id, columns.acknowledged_at, columns.person
    )


def _acknowledgement(row: Any) -> pb.Acknowledgement:
    return pb.Acknowledgement(
        actor=Actor(kind=row.person_kind, id=row.person, unit=row.person_unit),
        reason=row.reason,
        acknowledged_at=to_timestamp(row.acknowledged_at),
    )


def _refused(code: str) -> Refused:
    return Refused(Refusal(code, TEXTS.text(code)))
