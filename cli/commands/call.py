"""`motcua call`: one call of any service's interface, from the command line."""

from __future__ import annotations

import json
import sys
import uuid
from importlib import import_module
from typing import Annotated, Any, Final

import grpc
import typer
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from cli.grpc_clients import Connection
from cli.message_json import document_of
from cli.printer import failed, grid, out
from cli.request_fields import fields_of
from cli.rpc_errors import failures
from cli.settings import settings
from kernel.auth.issuer import LocalIssuer
from kernel.rpc.client import explain, metadata

_MODULES: Final = {
    "intake": ("intake",),
    "routing": ("routing",),
    "postal": ("postal", "postal_partner"),
    "notify": ("notify",),
    "audit": ("audit",),
}
_KINDS: Final = ("officer", "citizen", "operator", "importer")


def call(
    method: Annotated[str, typer.Argument(help="Its name, such as ListWork.")],
    data: Annotated[str, typer.Argument(help="The request as JSON; - reads it from stdin.")] = "{}",
    officer: Annotated[str, typer.Option(help="Call as this officer.")] = "",
    citizen: Annotated[str, typer.Option(help="Call as this citizen.")] = "",
    operator: Annotated[str, typer.Option(help="Call as this operator.")] = "",
    importer: Annotated[str, typer.Option(help="Call as this importing program.")] = "",
    unit: Annotated[str, typer.Option(help="The unit in which an officer acts.")] = "",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given again.")] = None,
    language: Annotated[str, typer.Option(help="vi or en, for what the service says.")] = "en",
    timeout: Annotated[float, typer.Option(help="Seconds.")] = 10.0,
    describe: Annotated[
        bool, typer.Option("--describe", help="Show the fields of the request, and call nothing.")
    ] = False,
) -> None:
    """Call a method of a service and print its answer as JSON.

    Instants are shown by the office's clock.

    A stream gives one document a line. Who calls is signed for by the local issuer (development),
    or named by MOTCUA_TOKEN; without either a guest calls. A request id is made when none is
    given. Exit status 1 when the service says no: its reason and text are on stderr.
    """
    service, found = _find(method)
    if describe:
        out.print(grid(("field", "holds", "rules"), list(fields_of(found.input_type))))
        return
    request = _request(found, data)
    given = dict(zip(_KINDS, (officer, citizen, operator, importer), strict=True))
    named = [(kind, name) for kind, name in given.items() if name]
    if len(named) > 1:
        raise typer.BadParameter("one of --officer, --citizen, --operator and --importer")
    own = settings()
    issuer = LocalIssuer.of(own)
    token = issuer.token(*named[0], unit, role or ()) if named else own.token
    who = metadata(token, language=language)
    with failures(service), Connection(service) as connection:
        try:
            _print(connection.channel, found, request, timeout, who)
        except grpc.RpcError as error:
            problem = explain(error)
            if not problem.reason:
                raise
            raise failed(f"{problem.reason}: {problem.text}") from error


def _print(
    channel: Any, method: MethodDescriptor, request: Message, timeout: float, who: Any
) -> None:
    path = f"/{method.containing_service.full_name}/{method.name}"
    answer = GetMessageClass(method.output_type)
    kind = channel.unary_stream if method.server_streaming else channel.unary_unary
    send = kind(
        path,
        request_serializer=type(request).SerializeToString,
        response_deserializer=answer.FromString,
    )
    if not method.server_streaming:
        print(_json(send(request, timeout=timeout, metadata=who), indent=1))
        return
    for item in send(request, timeout=timeout, metadata=who):
        print(_json(item), flush=True)


def _json(message: Message, indent: int | None = None) -> str:
    return json.dumps(document_of(message), ensure_ascii=False, indent=indent)


def methods() -> dict[str, list[tuple[str, MethodDescriptor]]]:
    """List the methods of all services by name, each with the service that offers it."""
    found: dict[str, list[tuple[str, MethodDescriptor]]] = {}
    for service, modules in _MODULES.items():
        for module in modules:
            file = import_module(f"motcua.{service}.v1.{module}_pb2").DESCRIPTOR
            for offered in file.services_by_name.values():
                for method in offered.methods:
                    found.setdefault(method.name, []).append((service, method))
    return found


def _find(name: str) -> tuple[str, MethodDescriptor]:
    """Find a method by its name, or by that of its service too where several have it."""
    owner, _, short = name.rpartition("/")
    found = [
        (service, method)
        for service, method in methods().get(short, [])
        if owner in ("", method.containing_service.name, method.containing_service.full_name)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise typer.BadParameter(f"{name!r} is no method of a service", param_hint="METHOD")
    several = ", ".join(f"{method.containing_service.name}/{short}" for _, method in found)
    raise typer.BadParameter(f"{name!r} is one of {several}: say which", param_hint="METHOD")


def _request(method: MethodDescriptor, data: str) -> Message:
    request: Any = GetMessageClass(method.input_type)()
    try:
        ParseDict(json.loads(sys.stdin.read() if data == "-" else data), request)
    except (ValueError, ParseError) as error:
        problem = str(error).partition(" Available Fields")[0].rstrip()
        hint = f"{problem} (motcua call {method.name} --describe)"
        raise typer.BadParameter(hint, param_hint="DATA") from error
    if "request_id" in method.input_type.fields_by_name and not request.request_id:
        request.request_id = str(uuid.uuid4())
    made: Message = request
    return made
