"""The parts of an RPC that are the same for each call, found out once."""

from __future__ import annotations

import math
import time
from typing import Any, Final

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor

from kernel.auth import identity
from kernel.auth.identity import Caller
from kernel.auth.permissions import Permissions
from kernel.auth.tokens import Identity, TokenVerifier
from kernel.rpc.registration import Service
from kernel.rpc.validation.sizes import largest
from kernel.telemetry.logs import RateLimit

Metadata = dict[str, str | bytes]
Context = grpc.aio.ServicerContext[Any, Any]
_GUEST: Final = Identity(Actor(), frozenset(), math.inf)


class Method:
    """One method of a service: its rule, its request type, and how its callers are known."""

    def __init__(
        self,
        service: Service,
        path: str,
        verifier: TokenVerifier,
        permissions: Permissions,
        tls: bool,
    ) -> None:
        self.path = path
        self.service = service
        self.verifier = verifier
        self.tls = tls
        self.faults = RateLimit()
        name = path.rpartition("/")[2]
        self.rule = permissions.rule(path)
        self.permissions = permissions
        self.must_check_scope = permissions.must_check_scope(self.rule)
        descriptor: MethodDescriptor = service.descriptor().methods_by_name[name]
        self.streams = descriptor.server_streaming
        self.check = service.checks.get(name)
        self.request: type[Message] = message_factory.GetMessageClass(descriptor.input_type)
        self.request_type = descriptor.input_type
        self.largest_request = largest(descriptor.input_type)

    def caller(self, found: Identity, metadata: Metadata, context: Context, trace: str) -> Caller:
        """Return the caller of an identity; raise ``Invalid`` or ``Forbidden``."""
        self.permissions.authorize(self.rule, found.actor, found.roles)
        remaining = context.time_remaining()
        return Caller(
            self.path,
            found.actor,
            identity.language_of(metadata),
            trace,
            time.monotonic() + (remaining or 0),
            identity.correlation_of(metadata),
            found.roles,
            self.rule,
        )

    def identity(self, metadata: Metadata, context: Context) -> Identity:
        """Return who calls; raise ``Unauthenticated`` or ``Forbidden``."""
        if self.service.authenticate is not None:
            auth = context.auth_context() if self.tls else None
            actor = self.service.authenticate(identity.credentials_of(metadata, auth))
            return Identity(actor, frozenset(), 0.0)
        if identity.AUTHORIZATION not in metadata:
            return _GUEST
        return self.verifier.identity(identity.credentials_of(metadata).bearer)
