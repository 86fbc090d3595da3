"""The check that a contract and the table of its commands fit each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message


class CommandTableError(ValueError):
    """A contract and the table of its commands do not fit; the message names method or request."""


def command_of(method: MethodDescriptor, commands: Iterable[type[Message]]) -> type[Message] | None:
    """Return the command that is the request of a method; None when the method is a query."""
    for command in commands:
        if command.DESCRIPTOR is method.input_type:
            return command
    return None


def check_methods(
    service: ServiceDescriptor, commands: Collection[type[Message]], servicer: type
) -> None:
    """Raise ``CommandTableError`` naming a method of a service that is neither a command of the
    table nor a method of ``servicer``, or is both, and a method of ``servicer`` that the service
    does not have.
    """
    own = {name for name in vars(servicer) if name[0].isupper()}
    for method in service.methods:
        path, command = f"{service.full_name}/{method.name}", command_of(method, commands)
        if command is None and method.name not in own:
            raise CommandTableError(
                f"{path} has no handler: add {method.input_type.name} to the table of commands, "
                f"or the query to {servicer.__name__}"
            )
        if command is not None and method.name in own:
            raise CommandTableError(
                f"{path} is handled twice: {method.input_type.name} is in the table of commands, "
                f"and {servicer.__name__} has the method"
            )
    for name in sorted(own - set(service.methods_by_name)):
        raise CommandTableError(f"{servicer.__name__}.{name}: {service.full_name} has no such RPC")


def check_requests(
    services: Iterable[ServiceDescriptor], commands: Iterable[type[Message]]
) -> None:
    """Raise ``CommandTableError`` naming a command that no method takes, or that has no
    ``request_id``.
    """
    requests = {method.input_type for service in services for method in service.methods}
    for command in commands:
        if command.DESCRIPTOR not in requests:
            raise _no_rpc(command)
        if "request_id" not in command.DESCRIPTOR.fields_by_name:
            name = command.DESCRIPTOR.full_name
            raise CommandTableError(f"{name} is in the table of commands, but has no request_id")


def response_of(services: Iterable[ServiceDescriptor], command: type[Message]) -> type[Message]:
    """Return the class of the response to a command; raise ``CommandTableError`` when no method of
    the services takes it.
    """
    for service in services:
        for method in service.methods:
            if method.input_type is command.DESCRIPTOR:
                return message_factory.GetMessageClass(method.output_type)
    raise _no_rpc(command)


def _no_rpc(command: type[Message]) -> CommandTableError:
    name = command.DESCRIPTOR.full_name
    return CommandTableError(f"{name} is in the table of commands, but no RPC takes it")
