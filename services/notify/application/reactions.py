"""Reactions (process manager) of notify: an event of a dossier becomes planned messages.

Where nothing is sent, it becomes the fact that it is not.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.eventsourcing.service_model import Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.catalogue.dossier_code import OFFICE_ZONE
from services.notify.domain.citizen_messages import CITIZEN_MESSAGES
from services.notify.domain.decider import EMAIL, Recipient, plan, plan_officer_messages
from services.notify.domain.document_list import document_list
from services.notify.domain.officer_messages import OFFICER_MESSAGES, UNITS
from services.notify.tables import RECIPIENTS

NAMESPACE = uuid.UUID("6d6f7463-7561-5000-8000-6e6f74696679")
DEFAULT_LANGUAGE = "vi"


def message_id(cause_id: str, channel: str, officer: str = "") -> str:
    """Return the idempotent id of the one message that an event leads to by a channel.

    ``officer`` is empty for the citizen.
    """
    return str(uuid.uuid5(NAMESPACE, "/".join(filter(None, (cause_id, officer, channel)))))


def notify_citizen(unit: UnitOfWork, cause: Event, payload: Message) -> Sequence[Message]:
    """Return the messages to the citizen that an event leads to.

    Raise ``LookupError`` for a dossier whose submission was never read.
    """
    message = CITIZEN_MESSAGES[type(payload)](payload)
    if message is None:
        return []
    row = _submission(unit, cause)
    kind, values = message
    recipient = Recipient(
        language="en" if row["language"] == "en" else DEFAULT_LANGUAGE,
        consent_email=bool(row["consent_email"]),
        has_data=row["applicant"] is not None,
        silent=bool(row["silent"]),
    )
    return plan(
        unit.state(cause.stream_id),
        kind,
        values | _common(row, recipient.language) | _documents(row, payload, recipient.language),
        recipient,
        message_id(cause.event_id, EMAIL),
    )


def notify_officers(unit: UnitOfWork, cause: Event, payload: Message) -> Sequence[Message]:
    """Return the messages to the officers that an event names.

    Raise ``LookupError`` for a dossier whose submission was never read.
    """
    kind, officers, values = OFFICER_MESSAGES[type(payload)](cause, payload)
    if not officers:
        return []
    row = _submission(unit, cause)
    common = _common(row, DEFAULT_LANGUAGE)
    named = {place: common["unit"] for place in UNITS if values[place] == row["unit"]}
    ids = {officer: message_id(cause.event_id, EMAIL, officer) for officer in officers}
    return plan_officer_messages(kind, values | common | named, ids)


def _submission(unit: UnitOfWork, cause: Event) -> Row:
    row = unit.get(RECIPIENTS, cause.stream_id)
    if row is None:
        raise LookupError("an event of a dossier whose submission was never read")
    return row


def _common(row: Row, language: str) -> dict[str, str]:
    """Return the values of every letter: the names in its language, or failing that the codes."""

    def name(of: str, code: str) -> str:
        english = row[f"{of}_name_en"] if language == "en" else ""
        return str(english or row[f"{of}_name"] or code)

    return {
        "procedure": name("procedure", row["procedure_code"]),
        "unit": name("unit", row["unit"]),
        "time_zone": row["time_zone"] or OFFICE_ZONE,
    }


def _documents(row: Row, payload: Message, language: str) -> dict[str, str]:
    """Return the documents that an event asks for, by the names that the procedure has for them."""
    if not isinstance(payload, SupplementRequested):
        return {}
    return {"parts": document_list(payload.parts, row["part_names"], language)}


REACTIONS: Mapping[type[Message], Reaction] = {
    **dict.fromkeys(CITIZEN_MESSAGES, notify_citizen),
    **dict.fromkeys(OFFICER_MESSAGES, notify_officers),
}
