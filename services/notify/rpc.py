"""NotifyService: translates calls to commands and reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.message_events_pb2 import MessageQueued
from motcua.notify.v1.notify_pb2_grpc import (
    NotifyServiceServicer,
    add_NotifyServiceServicer_to_server,
)

from kernel.base.errors import Refusal, Refused
from kernel.commands.command_bus import Commands, Reads
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import payload_as
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.registration import Service
from services.notify.application.reactions import message_id
from services.notify.domain.decider import EMAIL, resend
from services.notify.domain.refusals import no_such_message
from services.notify.queries import messages
from services.notify.tables import MESSAGES

Context = grpc.aio.ServicerContext[Any, Any]


class NotifyServicer(NotifyServiceServicer):
    """What officers and operators ask about messages."""

    def __init__(self, commands: Commands, reads: Reads) -> None:
        self._commands = commands
        self._reads = reads

    async def ListMessages(  # noqa: N802
        self, request: pb.ListMessagesRequest, context: Context
    ) -> pb.ListMessagesResponse:
        """List messages, newest first."""
        return await self._reads.run(lambda connection: messages.messages(connection, request))

    async def GetMessage(  # noqa: N802
        self, request: pb.GetMessageRequest, context: Context
    ) -> pb.GetMessageResponse:
        """Show one message."""
        return await self._reads.run(
            lambda connection: messages.message(connection, request.message_id)
        )

    async def CountMessages(  # noqa: N802
        self, request: pb.CountMessagesRequest, context: Context
    ) -> pb.CountMessagesResponse:
        """Count messages."""
        return await self._reads.run(messages.counts)

    async def ResendMessage(  # noqa: N802
        self, request: pb.ResendMessageRequest, context: Context
    ) -> pb.ResendMessageResponse:
        """Plan a failed message once more."""
        return await self._commands.run(request, context, _resend, _resent)


def _resend(
    unit: UnitOfWork, request: pb.ResendMessageRequest, call: Call
) -> pb.ResendMessageResponse:
    row = unit.get(MESSAGES, request.message_id)
    if row is None:
        raise no_such_message()
    new_id = message_id(call.request_id, EMAIL)
    outcome = resend(unit.state(row["dossier_code"]), request.message_id, new_id)
    if isinstance(outcome, Refusal):
        raise Refused(outcome)
    unit.append_call(row["dossier_code"], outcome, call)
    return pb.ResendMessageResponse(message_id=new_id)


def _resent(
    _unit: UnitOfWork,
    _request: pb.ResendMessageRequest,
    _call: Call,
    events: Sequence[Event],
) -> pb.ResendMessageResponse:
    return pb.ResendMessageResponse(message_id=payload_as(events[0], MessageQueued).message_id)


def service(servicer: NotifyServicer) -> Service:
    """Offer the service."""
    return Service(
        add_NotifyServiceServicer_to_server,
        servicer,
        "motcua.notify.v1.NotifyService",
    )
