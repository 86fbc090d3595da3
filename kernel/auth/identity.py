"""Who calls, in which language, and within which trace: read from the metadata of a call.

Who calls is said by a signed token (``kernel.auth.tokens``); a service with an
authenticator of its own (partners) looks at its own credentials instead.
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

if TYPE_CHECKING:
    from kernel.auth.permissions import Rule

CORRELATION: Final = "x-motcua-correlation-id"
LANGUAGE: Final = "accept-language"
TRACE: Final = "traceparent"
AUTHORIZATION: Final = "authorization"

_CORRELATION_FORM: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a caller shows: a bearer token (may be empty), and the URIs that its client certificate
    names.
    """

    bearer: str
    san_uris: tuple[str, ...]


@dataclass(slots=True)
class Caller:
    """One call, as the server sees it. ``expires`` is in seconds of ``time.monotonic``."""

    method: str
    """The full name, such as ``motcua.intake.v1.IntakeService/SubmitDossier``."""
    actor: Actor
    language: str
    trace: str
    expires: float
    correlation_id: str = ""
    roles: frozenset[str] = frozenset()
    """The roles that an officer's token names; empty for others."""
    rule: Rule | None = None
    """The rule by which the call was let in."""
    judged: bool = False
    """The handler has asked whether the caller sees only what they take part in."""
    gone: bool = field(default=False)
    """Set when the client has cancelled or its connection is lost."""

    def waits(self) -> bool:
        """Return whether somebody still waits for the answer; safe to ask from any thread."""
        return not self.gone and time.monotonic() < self.expires


_caller: ContextVar[Caller] = ContextVar("motcua_caller")


def caller() -> Caller:
    """Return the call being served; raise ``LookupError`` outside of one."""
    return _caller.get()


def serve(who: Caller) -> None:
    """Make ``who`` the call being served by this task."""
    _caller.set(who)


def language_of(metadata: dict[str, str | bytes]) -> str:
    """Choose ``vi`` or ``en`` from an Accept-Language value: the first of the two that it names;
    ``vi`` unless told.
    """
    for part in _text(metadata, LANGUAGE).lower().split(","):
        name = part.partition(";")[0].strip().partition("-")[0]
        if name in ("vi", "en"):
            return name
    return "vi"


def correlation_of(metadata: dict[str, str | bytes]) -> str:
    """Read what ties this call to others; empty unless told; raise ``Invalid`` naming the
    header.
    """
    text = _text(metadata, CORRELATION)
    if text and not _CORRELATION_FORM.fullmatch(text):
        raise Invalid([_CORRELATION_WRONG])
    return text


def credentials_of(
    metadata: dict[str, str | bytes], auth: Mapping[str, Iterable[bytes]] | None = None
) -> Credentials:
    """Collect what a caller shows; ``auth`` is gRPC's authentication context of a TLS
    connection. A header of another scheme than Bearer gives the empty token.
    """
    scheme, _, token = _text(metadata, AUTHORIZATION).partition(" ")
    uris = tuple(uri.decode("utf-8", "replace") for uri in (auth or {}).get("peer_uri", ()))
    return Credentials(token.strip() if scheme.lower() == "bearer" else "", uris)


def _text(metadata: dict[str, str | bytes], name: str) -> str:
    value = metadata.get(name, "")
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


_CORRELATION_WRONG = Violation(
    CORRELATION,
    "header.correlation",
    "phải có từ 1 đến 64 chữ cái, chữ số hoặc . _ : -",
    "must have 1 to 64 letters, digits or . _ : -",
)
