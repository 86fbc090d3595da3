"""What the handlers of notify's commands do, and the table of these commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.message_events_pb2 import MessageQueued

from kernel.base.errors import Refusal, Refused
from kernel.commands.command_methods import Handlers
from kernel.commands.handler import FunctionHandler, from_events
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import payload_as
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.notify.application.reactions import message_id
from services.notify.domain.decider import EMAIL, resend
from services.notify.domain.refusals import no_such_message
from services.notify.tables import MESSAGES


def _resend(uow: UnitOfWork, request: pb.ResendMessageRequest, call: Call) -> list[Event]:
    """Plan a failed message once more."""
    row = uow.get(MESSAGES, request.message_id)
    if row is None:
        raise no_such_message()
    new_id = message_id(call.request_id, EMAIL)
    outcome = resend(uow.state(row["dossier_code"]), request.message_id, new_id)
    if isinstance(outcome, Refusal):
        raise Refused(outcome)
    return uow.append_call(row["dossier_code"], outcome, call)


def _resent(events: Sequence[Event]) -> pb.ResendMessageResponse:
    """Return the message that was planned."""
    return pb.ResendMessageResponse(message_id=payload_as(events[0], MessageQueued).message_id)


MESSAGE_COMMANDS: Final[Handlers] = {
    pb.ResendMessageRequest: FunctionHandler(_resend, from_events(_resent)),
}
"""The handler of each command; its RPC is the one with this request."""
