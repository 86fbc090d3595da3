"""Decides who is notified, and what becomes of a message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1.message_events_pb2 import (
    MessageFailed,
    MessageQueued,
    MessageSent,
    MessageSuppressed,
)

from kernel.base.errors import Refusal
from kernel.eventsourcing.envelope import payload_of
from services.notify.domain.citizen_messages import ONCE, OVERTAKEN
from services.notify.domain.refusals import NOT_FAILED

EMAIL = "email"
VERSIONS: Mapping[tuple[str, str], int] = {("submitted", "vi"): 2, ("escalated", "vi"): 2}
"""The version of a kind's text in a language in which new messages are written; 1 for others.
Older texts stay for what was planned with them.
"""
Messages = Mapping[str, MessageQueued]


@dataclass(frozen=True, slots=True)
class State:
    """The fold of notify's own events of one dossier."""

    notified: frozenset[str] = frozenset()
    """Kinds of which the citizen was notified, or was not to be notified."""
    queued: Messages = field(default_factory=dict)
    """Messages under way, by id."""
    failed: Messages = field(default_factory=dict)
    """Messages given up and not planned again, by id."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What is known of the citizen without opening personal data."""

    language: str
    consent_email: bool
    has_data: bool
    silent: bool
    """Nobody is notified: the history is another system's, or the dossier is a child, and the
    citizen is notified of its parent.
    """


def template_of(kind: str, language: str) -> str:
    """Return the template with which a message is planned now."""
    return f"{kind}.v{VERSIONS.get((kind, language), 1)}"


def plan(
    state: State, kind: str, values: Mapping[str, str], recipient: Recipient, message_id: str
) -> list[Message]:
    """Decide whether to notify a citizen of an event by e-mail.

    Return MessageQueued; or MessageSuppressed, once for a dossier, when the citizen is not to be
    notified; or nothing, when the kind was sent before, is overtaken by one that was, or nobody is
    notified of this dossier.
    """
    if recipient.silent or (kind in ONCE and kind in state.notified):
        return []
    if OVERTAKEN.get(kind, frozenset()) & state.notified:
        return []
    if not recipient.consent_email or not recipient.has_data:
        if state.notified:
            return []
        reason = "no_address" if recipient.consent_email else "no_consent"
        return [MessageSuppressed(kind=kind, channel=EMAIL, reason_code=reason)]
    return [
        MessageQueued(
            message_id=message_id,
            kind=kind,
            channel=EMAIL,
            template=template_of(kind, recipient.language),
            language=recipient.language,
            values=values,
        )
    ]


def plan_officer_messages(
    kind: str, values: Mapping[str, str], officers: Mapping[str, str]
) -> list[Message]:
    """Notify officers of an event by e-mail; ``officers`` maps each to the id of the message."""
    return [
        MessageQueued(
            message_id=message_id,
            kind=kind,
            channel=EMAIL,
            template=template_of(kind, "vi"),
            language="vi",
            values=values,
            officer=officer,
        )
        for officer, message_id in officers.items()
    ]


def settle(state: State, outcome: MessageSent | MessageFailed) -> list[Message]:
    """Record the end of a message under way; nothing when it has ended already."""
    return [outcome] if outcome.message_id in state.queued else []


def resend(state: State, message_id: str, new_id: str) -> list[Message] | Refusal:
    """Plan a message that failed for good once more, under a new id; each failure once."""
    failed = state.failed.get(message_id)
    if failed is None:
        return NOT_FAILED
    again = MessageQueued()
    again.CopyFrom(failed)
    again.message_id = new_id
    again.replaces = message_id
    return [again]


def evolve(state: State, event: Event) -> State:
    """Fold one of notify's own events."""
    match payload_of(event):
        case MessageQueued() as queued:
            return replace(
                state,
                notified=state.notified if queued.officer else state.notified | {queued.kind},
                queued={**state.queued, queued.message_id: queued},
                failed=_without(state.failed, queued.replaces),
            )
        case MessageSuppressed() as payload:
            return replace(state, notified=state.notified | {payload.kind})
        case MessageSent() as payload:
            return replace(state, queued=_without(state.queued, payload.message_id))
        case MessageFailed() as payload:
            return _give_up(state, payload.message_id)
        case _:
            return state


def _give_up(state: State, message_id: str) -> State:
    message = state.queued.get(message_id)
    if message is None:
        return state
    return replace(
        state,
        queued=_without(state.queued, message_id),
        failed={**state.failed, message_id: message},
    )


def _without(messages: Messages, gone: str) -> Messages:
    return {key: message for key, message in messages.items() if key != gone}
