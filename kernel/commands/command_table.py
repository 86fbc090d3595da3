"""The check that a contract and the table of its commands fit each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol, TypeVar

from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from kernel.auth.permissions import Permissions


class CommandTableError(ValueError):
    """A contract and the table of its commands do not fit; the message names method or request."""


class CommandRow(Protocol):
    """A row of a table of commands."""

    @property
    def message(self) -> type[Message]:
        """The class of the request, or of the event, that the row is about."""
        ...


S = TypeVar("S", bound=CommandRow)


def rows_by_message(*rows: S) -> dict[type[Message], S]:
    """Return rows by their message; raise ``CommandTableError`` naming one that is there twice."""
    found: dict[type[Message], S] = {}
    for row in rows:
        if found.setdefault(row.message, row) is not row:
            raise CommandTableError(f"{row.message.DESCRIPTOR.full_name} has two rows")
    return found


def methods_of(
    service: ServiceDescriptor, commands: Iterable[type[Message]]
) -> dict[str, type[Message]]:
    """Return the commands that are requests of a service's methods, by the method's name."""
    by_request = {command.DESCRIPTOR: command for command in commands}
    return {
        method.name: by_request[method.input_type]
        for method in service.methods
        if method.input_type in by_request
    }


def check_methods(
    service: ServiceDescriptor, commands: Iterable[type[Message]], servicer: type
) -> None:
    """Raise ``CommandTableError`` naming a method of a service that is neither a command of the
    table nor a method of ``servicer``, or is both, and a method of ``servicer`` that the service
    does not have.
    """
    own = {name for name in vars(servicer) if name[0].isupper()}
    generated = methods_of(service, commands)
    for method in service.methods:
        path, request = f"{service.full_name}/{method.name}", method.input_type.name
        if method.name not in generated and method.name not in own:
            raise CommandTableError(
                f"{path} has no handler: add {request} to the table of commands, or the method to "
                f"{servicer.__name__}"
            )
        if method.name in generated and method.name in own:
            raise CommandTableError(
                f"{path} is handled twice: {request} is in the table of commands, and "
                f"{servicer.__name__} has the method"
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


def check_contract(
    servicers: Mapping[type, ServiceDescriptor],
    commands: Collection[type[Message]],
    permissions: Permissions,
) -> None:
    """Raise ``CommandTableError`` naming an RPC without a handler or a command without an RPC, and
    ``PermissionsError`` naming an RPC without a rule; ``servicers`` are those of one process.
    """
    check_requests(servicers.values(), commands)
    for servicer, service in servicers.items():
        check_methods(service, commands, servicer)
        permissions.check(service.full_name, service.methods_by_name)


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
