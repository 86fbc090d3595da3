"""Verifies the token with which a caller says who it is: a JWT signed by the office's issuer.

A verified token is remembered until it expires or the keys change, so a call costs a hash, not a
signature check.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth import claims, issuer
from kernel.auth.jwks import Jwks
from kernel.auth.messages import refused
from kernel.config.settings import Settings
from kernel.telemetry.logs import RateLimit, get_logger

KINDS: Final[Mapping[str, ActorKind]] = {
    "citizen": ActorKind.ACTOR_KIND_CITIZEN,
    "officer": ActorKind.ACTOR_KIND_OFFICER,
    "operator": ActorKind.ACTOR_KIND_OPERATOR,
    "importer": ActorKind.ACTOR_KIND_IMPORTER,
}
"""The kinds that a token can name. Partners have credentials of their own, and ``system`` is for
the services themselves.
"""
LEEWAY: Final = 60
"""Seconds by which the issuer's clock may differ from ours."""
LIFETIME: Final = 24 * 3600
"""Seconds for which a token may be valid at most: a token can't be called back."""
LONGEST: Final = 4 * 1024
REMEMBERED: Final = 10_000
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token says that it is, and until when (seconds of Unix time, leeway included)."""

    actor: Actor
    roles: frozenset[str]
    until: float


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience; for use in one event loop."""

    def __init__(
        self,
        keys: Jwks,
        issuer: str,
        audience: str,
        now: Callable[[], float] = time.time,
        *,
        roles: Container[str],
    ) -> None:
        """``now`` is real time in seconds: tokens are not of the office's clock. ``roles`` are the
        office's; others that a token names give nothing, and are logged.
        """
        self._keys = keys
        self._roles = roles
        self._strange = RateLimit()
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._known: dict[bytes, Identity] = {}
        self._generation = keys.generation
        self.checked = 0
        """How many signatures were checked."""

    def identity(self, token: str) -> Identity:
        """Return who the token says that it is; raise ``Unauthenticated`` with the reason."""
        self._keys.refresh()
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._known.clear()
        if len(token) > LONGEST:
            raise refused("TOKEN_TOO_LONG")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = self._known.get(digest)
        if found is not None and self._now() < found.until:
            return found
        found = self._verified(token)
        self._remember(digest, found)
        return found

    def _remember(self, digest: bytes, found: Identity) -> None:
        if len(self._known) >= REMEMBERED:
            now = self._now()
            self._known = {k: v for k, v in self._known.items() if now < v.until}
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
        self._known[digest] = found

    def _verified(self, token: str) -> Identity:
        key = self._key(token)
        self.checked += 1
        try:
            said = jwt.decode(token, key, algorithms=[key.algorithm_name], options=_SIGNATURE_ONLY)
        except jwt.InvalidSignatureError:
            raise refused("TOKEN_SIGNATURE_WRONG") from None
        except jwt.InvalidAlgorithmError:
            raise refused("TOKEN_ALGORITHM_REFUSED") from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise refused("TOKEN_MALFORMED") from None
        return self._identity_of(said)

    def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise refused("TOKEN_MALFORMED") from None
        algorithm = header.get("alg")
        if str(algorithm).lower() == "none":
            raise refused("TOKEN_UNSIGNED")
        if "crit" in header:  # the issuer demands what we don't know
            raise refused("TOKEN_MALFORMED")
        name = header.get("kid")
        key = self._keys.find(name) if isinstance(name, str) else None
        if key is None:
            raise refused("TOKEN_KEY_UNKNOWN")
        if algorithm != key.algorithm_name:
            raise refused("TOKEN_ALGORITHM_REFUSED")
        return key

    def _identity_of(self, said: dict[str, Any]) -> Identity:
        for name in claims.REQUIRED:
            if name not in said:
                raise refused("TOKEN_CLAIM_MISSING", name)
        if said["iss"] != self._issuer:
            raise refused("TOKEN_ISSUER_WRONG")
        audience = said["aud"]
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise refused("TOKEN_AUDIENCE_WRONG")
        until = self._validity(claims.instant(said, "nbf"), claims.instant(said, "exp"))
        kind = said["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            raise refused("TOKEN_KIND_UNKNOWN")
        actor = Actor(kind=KINDS[kind], id=claims.subject(said), unit=claims.unit(said))
        return Identity(actor, self._known_roles(claims.roles(said)), until)

    def _known_roles(self, named: frozenset[str]) -> frozenset[str]:
        """Leave out the roles that the office does not have: an issuer of several systems names
        those of the others too.
        """
        strange = sorted(role for role in named if role not in self._roles)
        for role in strange:
            if self._strange.allow(role):
                log.warning("identity.role_unknown", role=role)
        return named.difference(strange)

    def _validity(self, begin: float, end: float) -> float:
        now = self._now()
        if now < begin - LEEWAY:
            raise refused("TOKEN_NOT_YET_VALID")
        if now >= end + LEEWAY:
            raise refused("TOKEN_EXPIRED")
        if end - begin > LIFETIME:
            raise refused("TOKEN_LIFETIME_TOO_LONG")
        return end + LEEWAY


_SIGNATURE_ONLY: Final[Any] = {
    "verify_signature": True,
    **dict.fromkeys(
        (
            "verify_exp",
            "verify_nbf",
            "verify_iat",
            "verify_aud",
            "verify_iss",
            "verify_sub",
            "verify_jti",
        ),
        False,
    ),
}
"""Claims are checked here, each with a reason of its own."""


def verifier_of(settings: Settings, roles: Container[str]) -> TokenVerifier:
    """Return the verifier that the settings describe, which knows these roles; raise ``KeysError``.

    Without IDENTITY_JWKS, in development only, tokens of the local issuer are trusted.
    """
    path = settings.identity_jwks
    if path is None:
        folder = issuer.folder_of(settings.data_dir)
        issuer.make_keys(folder)
        path = issuer.jwks_path(folder)
    keys = Jwks(path, production=settings.mode == "production")
    return TokenVerifier(keys, settings.identity_issuer, settings.identity_audience, roles=roles)
