"""Projections: whom to tell (from intake), and what became of each message (from notify)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.notify.v1.message_events_pb2 import MessageFailed, MessageSent

from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.notify.domain.document_list import names_json
from services.notify.tables import DELIVERIES, MESSAGES, RECIPIENTS

QUEUED, SENT, FAILED, SUPPRESSED = 1, 2, 3, 4


def _submitted(unit: UnitOfWork, event: DossierEvent) -> None:
    filed = event.dossier_submitted
    unit.put(
        RECIPIENTS,
        {
            "dossier_code": event.dossier_code,
            "procedure_code": filed.procedure_code,
            "procedure_name": filed.procedure_name,
            "procedure_name_en": filed.procedure_name_en,
            "part_names": names_json(filed.part_names),
            "unit": filed.unit,
            "unit_name": filed.unit_name,
            "unit_name_en": filed.unit_name_en,
            "language": filed.language,
            "time_zone": filed.time_zone,
            "consent_email": int(filed.consent_email),
            "silent": int(bool(filed.imported_from or filed.parent_code)),
            "applicant": filed.applicant.SerializeToString()
            if filed.HasField("applicant")
            else None,
        },
    )


def _queued(unit: UnitOfWork, event: DossierEvent) -> None:
    message = event.message_queued
    _plan(
        unit,
        event,
        message_id=message.message_id,
        kind=message.kind,
        channel=message.channel,
        language=message.language,
        template=message.template,
        values=json.dumps(dict(message.values), sort_keys=True, ensure_ascii=False),
        replaces=message.replaces,
        officer=message.officer,
        state=QUEUED,
    )
    unit.put(
        DELIVERIES,
        {
            "message_id": message.message_id,
            "execute_after": 0,
            "attempt": 0,
            "under_way": 0,
            "maybe_sent": 0,
            "last_code": 0,
        },
    )


def _suppressed(unit: UnitOfWork, event: DossierEvent) -> None:
    message = event.message_suppressed
    _plan(
        unit,
        event,
        message_id=event.event_id,
        kind=message.kind,
        channel=message.channel,
        state=SUPPRESSED,
        settled_at=to_us(event.recorded_at),
        reason_code=message.reason_code,
    )


def _plan(unit: UnitOfWork, event: DossierEvent, **values: object) -> None:
    unit.put(
        MESSAGES,
        {
            "dossier_code": event.dossier_code,
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


def _sent(unit: UnitOfWork, event: DossierEvent) -> None:
    _settle(unit, event, event.message_sent, SENT)


def _failed(unit: UnitOfWork, event: DossierEvent) -> None:
    _settle(unit, event, event.message_failed, FAILED, event.message_failed.reason_code)


def _settle(
    unit: UnitOfWork,
    event: DossierEvent,
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


PROJECTIONS: Mapping[str, Projection] = {
    "dossier_submitted": _submitted,
    "message_queued": _queued,
    "message_suppressed": _suppressed,
    "message_sent": _sent,
    "message_failed": _failed,
}
