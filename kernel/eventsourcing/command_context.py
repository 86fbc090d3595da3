"""What the shell knows of the one who asks, put together once when the call comes in."""

from __future__ import annotations

from dataclasses import dataclass

from motcua.events.v1.common_pb2 import Actor

from kernel.auth.permissions import Rule


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of one command; instants in microseconds UTC."""

    actor: Actor
    language: str
    """``vi`` or ``en``: the language of texts for this caller."""
    request_id: str
    now: int
    """When the command was received, by the service's clock."""
    occurred_at: int
    """When it happened in the world: ``now``, unless the request says otherwise."""
    trace: str
    """The W3C traceparent to be carried on; may be empty."""
    correlation_id: str
    roles: frozenset[str] = frozenset()
    """The roles that the caller's token names."""
    digest: bytes = b""
    """A keyed digest of method, caller and content, by which a repeated request is known."""
    rule: Rule | None = None
    """The rule by which the caller was let in; None where no call came in."""
