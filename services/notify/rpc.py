"""NotifyService over gRPC: translates queries; the methods of commands come from their table."""

from __future__ import annotations

from typing import Any, Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.notify_pb2_grpc import (
    NotifyServiceServicer,
    add_NotifyServiceServicer_to_server,
)

from kernel.commands.command_bus import Commands, Reads
from kernel.commands.command_methods import add_command_methods
from kernel.rpc.registration import Service
from office.normalization.formats import normalizer_of
from services.notify.application.handlers import MESSAGE_COMMANDS
from services.notify.queries import messages

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["NotifyService"]


class NotifyServicer(NotifyServiceServicer):
    """What officers and operators ask about messages."""

    def __init__(self, reads: Reads) -> None:
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


def service(servicer: NotifyServicer, commands: Commands) -> Service:
    """Offer the service: a servicer's queries, and a method for each command."""
    add_command_methods(servicer, SERVICE, MESSAGE_COMMANDS, commands.run)
    return Service(
        add_NotifyServiceServicer_to_server,
        servicer,
        SERVICE.full_name,
        normalizer_of=normalizer_of,
    )
