"""Read models (projections): recipients from intake's events, messages from notify's."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.notify.v1.message_events_pb2 import (
    MessageFailed,
    MessageQueued,
    MessageSent,
    MessageSuppressed,
)

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.notify.domain.document_list import names_json
from services.notify.tables import DELIVERIES, MESSAGES, RECIPIENTS

QUEUED, SENT, FAILED, SUPPRESSED = 1, 2, 3, 4


def _submitted(unit: UnitOfWork, event: Event, payload: DossierSubmitted) -> None:
    unit.put(
        RECIPIENTS,
        {
            "dossier_code": event.stream_id,
            "procedure_code": payload.procedure_code,
            "procedure_name": payload.procedure_name,
            "procedure_name_en": payload.procedure_name_en,
            "part_names": names_json(payload.part_names),
            "unit": payload.unit,
            "unit_name": payload.unit_name,
            "unit_name_en": payload.unit_name_en,
            "language": payload.language,
            "time_zone": payload.time_zone,
            "consent_email": int(payload.consent_email),
            "silent": int(bool(payload.imported_from or payload.parent_code)),
            "applicant": payload.applicant.SerializeToString()
            if payload.HasField("applicant")
            else None,
        },
    )


def _queued(unit: UnitOfWork, event: Event, payload: MessageQueued) -> None:
    _plan(
        unit,
        event,
        message_id=payload.message_id,
        kind=payload.kind,
        channel=payload.channel,
        language=payload.language,
        template=payload.template,
        values=json.dumps(dict(payload.values), sort_keys=True, ensure_ascii=False),
        replaces=payload.replaces,
        officer=payload.officer,
        state=QUEUED,
    )
    unit.put(
        DELIVERIES,
        {
            "message_id": payload.message_id,
            "execute_after": 0,
            "attempt": 0,
            "under_way": 0,
            "maybe_sent": 0,
            "last_code": 0,
        },
    )


def _suppressed(unit: UnitOfWork, event: Event, payload: MessageSuppressed) -> None:
    _plan(
        unit,
        event,
        message_id=event.event_id,
        kind=payload.kind,
        channel=payload.channel,
        state=SUPPRESSED,
        settled_at=to_us(event.recorded_at),
        reason_code=payload.reason_code,
    )


def _plan(unit: UnitOfWork, event: Event, **values: object) -> None:
    unit.put(
        MESSAGES,
        {
            "dossier_code": event.stream_id,
            "event_id": event.event_id,
            "correlation_id": event.correlation_id,
            "language": "",
            "template": "",
            "values": "{}",
            "replaces": "",
            "officer": "",
            "queued_at": to_us(event.recorded_at),
            "settled_at": None,
            "attempts": 0,
            "maybe_sent": 0,
            "code": 0,
            "reason_code": "",
            **values,
        },
    )


def _sent(unit: UnitOfWork, event: Event, payload: MessageSent) -> None:
    _settle(unit, event, payload, SENT)


def _failed(unit: UnitOfWork, event: Event, payload: MessageFailed) -> None:
    _settle(unit, event, payload, FAILED, payload.reason_code)


def _settle(
    unit: UnitOfWork,
    event: Event,
    outcome: MessageSent | MessageFailed,
    state: int,
    reason: str = "",
) -> None:
    unit.change(
        MESSAGES,
        outcome.message_id,
        state=state,
        settled_at=to_us(event.recorded_at),
        attempts=outcome.attempts,
        maybe_sent=outcome.maybe_sent,
        code=outcome.code,
        reason_code=reason,
    )
    unit.delete(DELIVERIES, outcome.message_id)


PROJECTIONS: Mapping[type[Message], Projection] = {
    DossierSubmitted: _submitted,
    MessageQueued: _queued,
    MessageSuppressed: _suppressed,
    MessageSent: _sent,
    MessageFailed: _failed,
}
