"""What the server is given: a servicer, and how its callers are known and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from motcua.events.v1.common_pb2 import Actor

from kernel.auth.identity import Credentials
from kernel.base.errors import Violation

Authenticate = Callable[[Credentials], Actor]
Check = Callable[[Any, Actor], Iterable[Violation]]


@dataclass(frozen=True)
class Service:
    """One gRPC service of a process.

    ``add`` is the generated ``add_XServicer_to_server``. Who may call its methods stands in
    ``office/permissions.toml``. ``authenticate`` turns credentials into an actor, or raises
    ``Unauthenticated`` or ``Forbidden``; it runs in the event loop and may not block. ``partners``
    offers the service on the TLS listener too. ``checks`` look at a method's requests for what
    their .proto can't say, so that every wrong field is named in one answer; they run in the event
    loop and may not block.
    """

    add: Callable[[Any, Any], None]
    servicer: Any
    name: str
    authenticate: Authenticate | None = None
    partners: bool = False
    checks: Mapping[str, Check] = field(default_factory=dict)

    def descriptor(self) -> ServiceDescriptor:
        """Return the service's description; raise ``KeyError`` when there is no such service."""
        return descriptor_pool.Default().FindServiceByName(self.name)

    def check(self) -> None:
        """Raise ``ValueError`` naming what is checked and is no method."""
        methods = set(self.descriptor().methods_by_name)
        for name in sorted(self.checks.keys() - methods):
            raise ValueError(f"{self.name}/{name} is not a method")
