"""Makes the RPC methods of commands from the handlers of a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from kernel.commands.command_table import methods_of
from kernel.commands.handler import CommandHandler

Handlers = Mapping[type[Message], CommandHandler[Any, Any]]
"""The handlers of commands, by the class of the request."""
Run = Callable[[Any, Any, CommandHandler[Any, Any]], Awaitable[Any]]
"""Runs a handler for a request in a gRPC context and returns the answer, as ``Commands.run``."""


def add_command_methods(
    servicer: object, service: ServiceDescriptor, handlers: Handlers, run: Run
) -> None:
    """Add to a servicer a method for each RPC of a service whose request has a handler."""
    for name, command in methods_of(service, handlers).items():
        setattr(servicer, name, _method(run, handlers[command]))


def _method(run: Run, handler: CommandHandler[Any, Any]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def method(request: Any, context: Any) -> Any:
        return await run(request, context, handler)

    return method
