"""Calls of audit's methods without a server."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any, Final, cast

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth.identity import Caller, set_caller
from kernel.base.clock import FixedClock
from kernel.commands.command_bus import Reads
from office.permissions import shipped
from services.audit.deadlines.explanation import CalendarOf
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer
from tests.support.audit_store import LEDGER, Store

TABLE: Final = shipped()
OPERATOR: Final = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="root")


def let_in(method: str, actor: Actor = OPERATOR, *roles: str) -> None:
    """Let a caller in by the table of permissions, as the call lifecycle does."""
    path = f"motcua.audit.v1.AuditService/{method}"
    rule = TABLE.rule(path)
    TABLE.authorize(rule, actor, frozenset(roles))
    caller = Caller(path, actor, "vi", "", time.monotonic() + 60, roles=frozenset(roles), rule=rule)
    set_caller(caller)


class AuditCalls:
    """The queries of audit over a store, at one instant, for an operator."""

    def __init__(self, store: Store, now: int, calendar_of: CalendarOf = lambda _: None) -> None:
        self._reads = Reads(store.reads)
        verifier = cast(LogVerifier, None)
        self._servicer = AuditServicer(self._reads, FixedClock(now), verifier, LEDGER, calendar_of)

    async def ask(self, request: Message) -> Any:
        """Call the method of a request; raise what it is refused with."""
        method = request.DESCRIPTOR.name.removesuffix("Request")
        let_in(method)
        return await getattr(self._servicer, method)(request, cast(Any, None))

    def stream(self, request: Message) -> AsyncIterator[Any]:
        """Call the method of a request that answers with a stream."""
        method = request.DESCRIPTOR.name.removesuffix("Request")
        let_in(method)
        answers: AsyncIterator[Any] = getattr(self._servicer, method)(request, cast(Any, None))
        return answers

    def close(self) -> None:
        """End the threads that read."""
        self._reads.close()
