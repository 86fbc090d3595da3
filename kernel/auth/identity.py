"""The caller of an RPC, the language and the trace, read from the metadata of the call.

A signed token names the caller (``kernel.auth.tokens``); a service with an authenticator of its own
reads its own credentials instead.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from motcua.events.v1.common_pb2 import Actor

from kernel.base.errors import Invalid, Violation
from kernel.messages.texts import TEXTS

if TYPE_CHECKING:
    from kernel.auth.permissions import Rule

CORRELATION: Final = "x-motcua-correlation-id"
LANGUAGE: Final = "accept-language"
TRACE: Final = "traceparent"
AUTHORIZATION: Final = "authorization"
ANONYMOUS: Final = "guest"
"""The subject of tokens for whoever did not sign in."""

_CORRELATION_FORM: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a call."""

    bearer: str
    """The bearer token; empty when there is none."""
    san_uris: tuple[str, ...]
    """The URIs in the client certificate's subject alternative name."""


@dataclass(slots=True)
class Caller:
    """One call, as the server sees it."""

    method: str
    """The full name, such as ``package.v1.Service/Method``."""
    actor: Actor
    language: str
    trace: str
    expires: float
    """The deadline of the call, in seconds of ``time.monotonic``."""
    correlation_id: str = ""
    roles: frozenset[str] = frozenset()
    """The roles that the caller's token names."""
    rule: Rule | None = None
    """The rule of the table that allows the call."""
    scope_checked: bool = False
    """Whether the handler has applied the rule's scope to what it answers."""
    gone: bool = field(default=False)
    """Set when the client has cancelled or its connection is lost."""

    def waits(self) -> bool:
        """Return whether somebody still waits for the answer; safe to ask from any thread."""
        return not self.gone and time.monotonic() < self.expires


def is_known(actor: Actor) -> bool:
    """Return whether an actor is one caller: neither a guest nor whoever shares a token with all
    who did not sign in.
    """
    return actor.id not in ("", ANONYMOUS)


_caller: ContextVar[Caller] = ContextVar("motcua_caller")


def caller() -> Caller:
    """Return the call being served; raise ``LookupError`` outside of one."""
    return _caller.get()


def set_caller(current: Caller) -> None:
    """Make ``current`` the call being served by this task."""
    _caller.set(current)


def language_of(metadata: dict[str, str | bytes]) -> str:
    """Choose ``vi`` or ``en`` from an Accept-Language value: the first of the two that it names;
    ``vi`` when it names neither.
    """
    for part in _text(metadata, LANGUAGE).lower().split(","):
        name = part.partition(";")[0].strip().partition("-")[0]
        if name in ("vi", "en"):
            return name
    return "vi"


def correlation_of(metadata: dict[str, str | bytes]) -> str:
    """Return the correlation id, empty when there is none; raise ``Invalid`` naming the header
    when it is malformed.
    """
    text = _text(metadata, CORRELATION)
    if text and not _CORRELATION_FORM.fullmatch(text):
        raise Invalid([_CORRELATION_WRONG])
    return text


def credentials_of(
    metadata: dict[str, str | bytes], auth: Mapping[str, Iterable[bytes]] | None = None
) -> Credentials:
    """Return the credentials of a call; ``auth`` is gRPC's authentication context of a TLS
    connection. A header of another scheme than Bearer yields the empty token.
    """
    scheme, _, token = _text(metadata, AUTHORIZATION).partition(" ")
    uris = tuple(uri.decode("utf-8", "replace") for uri in (auth or {}).get("peer_uri", ()))
    return Credentials(token.strip() if scheme.lower() == "bearer" else "", uris)


def _text(metadata: dict[str, str | bytes], name: str) -> str:
    value = metadata.get(name, "")
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


_CORRELATION_WRONG = Violation(CORRELATION, "header.correlation", TEXTS.text("header.correlation"))
