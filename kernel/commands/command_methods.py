"""Makes the RPC methods of commands from the handlers of a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from kernel.commands.command_bus import Commands
from kernel.commands.command_table import command_of
from kernel.commands.handler import CommandHandler

Handlers = Mapping[type[Message], CommandHandler[Any, Any]]
"""The handlers of commands, by the class of the request."""


def add_command_methods(
    servicer: object, service: ServiceDescriptor, commands: Commands, handlers: Handlers
) -> None:
    """Add to a servicer a method for each RPC of a service whose request has a handler."""
    for method in service.methods:
        command = command_of(method, handlers)
        if command is not None:
            setattr(servicer, method.name, _method(commands, handlers[command]))


def _method(
    commands: Commands, handler: CommandHandler[Any, Any]
) -> Callable[[Any, Any], Awaitable[Any]]:
    async def method(request: Any, context: Any) -> Any:
        return await commands.handle(request, context, handler)

    return method
