"""gRPC connections of the operator's command to the services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self

import grpc
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from motcua.operations.v1.operations_pb2 import GetStatusRequest, GetStatusResponse
from motcua.operations.v1.operations_pb2_grpc import OperationsServiceStub
from motcua.postal.v1.postal_pb2_grpc import PostalServiceStub
from motcua.routing.v1.routing_pb2_grpc import CaseAdministrationServiceStub

from cli.operator_name import operator_name
from cli.settings import settings
from cli.stack import addresses
from kernel.auth.issuer import LocalIssuer
from kernel.config.client_settings import Target
from kernel.rpc.client import channel_to, metadata

OPTIONS = (
    # A channel of this process's own: a shared one would hold back after an earlier failure.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


def identity() -> Any:
    """Return the metadata that names the operator: by MOTCUA_TOKEN.

    Without it the local issuer, of development, signs for the account that runs the command.
    """
    return signed("operator", operator_name())


def signed(kind: str, name: str) -> Any:
    """Return the metadata of a program: by MOTCUA_TOKEN, or signed by the local issuer."""
    given = settings()
    return metadata(given.token or LocalIssuer.of(given).token(kind, name), language="en")


def pages(method: Callable[..., Any], request: Any) -> Iterator[Any]:
    """Call a method that lists by page, as the operator, and yield its answers to the last page."""
    while True:
        page = method(request, timeout=60, metadata=identity())
        yield page
        if not page.next_page_token:
            return
        request.page_token = page.next_page_token


def open_channel(library: Any, service: str, address: str = "", options: Any = OPTIONS) -> Any:
    """Return a channel to a service, of ``grpc`` or of ``grpc.aio``; ``address`` is one in the
    clear.
    """
    target = Target(address, tls=False) if address else addresses.target(service)
    return channel_to(library, target, settings(), options)


class Connection:
    """One channel to one service; a context manager."""

    def __init__(self, service: str, target: str = "") -> None:
        self.channel = open_channel(grpc, service, target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.channel.close()

    def audit(self) -> AuditServiceStub:
        """Return the audit service's stub."""
        return AuditServiceStub(self.channel)

    def case_administration(self) -> CaseAdministrationServiceStub:
        """Return the stub of routing's service for operators."""
        return CaseAdministrationServiceStub(self.channel)

    def postal(self) -> PostalServiceStub:
        """Return the postal service's stub."""
        return PostalServiceStub(self.channel)

    def operations(self) -> OperationsServiceStub:
        """Return the stub that every service has for operators."""
        return OperationsServiceStub(self.channel)


def status_of(service: str, target: str = "", timeout: float = 3.0) -> GetStatusResponse | None:
    """Ask a service how it is doing; None when it does not answer in time."""
    with Connection(service, target) as connection:
        try:
            answer: GetStatusResponse = connection.operations().GetStatus(
                GetStatusRequest(), timeout=timeout, metadata=metadata(language="en")
            )
        except grpc.RpcError:
            return None
        return answer
