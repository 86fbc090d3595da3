"""One gRPC service as it is registered with the server: its servicer, authentication and checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from motcua.events.v1.common_pb2 import Actor

from kernel.auth.identity import Credentials
from kernel.base.errors import Violation
from kernel.rpc.validation.normalizers import NormalizerOf, no_normalizer

Authenticate = Callable[[Credentials], Actor]
Check = Callable[[Any, Actor], Iterable[Violation]]
OpenAnswer = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True)
class Service:
    """One gRPC service of a process. The table of permissions holds who may call its methods."""

    add: Callable[[Any, Any], None]
    """The generated ``add_XServicer_to_server``."""
    servicer: Any
    name: str
    """The full name, such as ``package.v1.Service``."""
    authenticate: Authenticate | None = None
    """Turns credentials into an actor, in place of the token; raises ``Unauthenticated`` or
    ``Forbidden``. It runs in the event loop and may not block.
    """
    checks: Mapping[str, Check] = field(default_factory=dict)
    """By method: what its .proto can't express, so that one answer names every wrong field. They
    run in the event loop and may not block.
    """
    normalizer_of: NormalizerOf = no_normalizer
    """What normalizes and judges the texts of a field, before anything else looks at a request."""

    open_answer: OpenAnswer | None = None
    """Opens what is sealed in an answer, before it is given out; not used for streams."""

    def descriptor(self) -> ServiceDescriptor:
        """Return the service's descriptor; raise ``KeyError`` when there is no such service."""
        return descriptor_pool.Default().FindServiceByName(self.name)

    def check(self) -> None:
        """Raise ``ValueError`` naming a check whose method does not exist."""
        methods = set(self.descriptor().methods_by_name)
        for name in sorted(self.checks.keys() - methods):
            raise ValueError(f"{self.name}/{name} is not a method")
