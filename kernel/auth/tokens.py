"""Verifies the token with which a caller says who it is: a JWT signed by a trusted issuer.

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
from jwt.exceptions import InvalidJTIError, InvalidSubjectError
from jwt.types import Options
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth import claims, issuer
from kernel.auth.jwks import Jwks
from kernel.auth.messages import refused
from kernel.auth.permissions import Permissions
from kernel.config.settings import Settings
from kernel.telemetry.logs import RateLimit, get_logger

LEEWAY: Final = 60
"""Seconds by which the issuer's clock may differ from ours."""
LIFETIME: Final = 24 * 3600
"""Seconds for which a token may be valid at most: a token can't be revoked."""
MAX_LENGTH: Final = 4 * 1024
"""Characters of a token at most."""
REMEMBERED: Final = 10_000
"""Verified tokens that are kept at most."""
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller that a token names."""

    actor: Actor
    roles: frozenset[str]
    until: float
    """When the token expires, in seconds of Unix time with the leeway added."""


class TokenVerifier:
    """Verifies the tokens of one issuer for one audience. Not thread-safe: for one event loop."""

    def __init__(
        self,
        keys: Jwks,
        issuer: str,
        audience: str,
        now: Callable[[], float] = time.time,
        *,
        kinds: Mapping[str, ActorKind],
        roles: Container[str],
    ) -> None:
        """``now`` returns real time in seconds of Unix time, whatever clock the services use.

        ``kinds`` are those that a token can name, by their names. Roles of a token that are not in
        ``roles`` are left out, and logged.
        """
        self._keys = keys
        self._kinds = kinds
        self._roles = roles
        self._unknown_role_limit = RateLimit()
        self._issuer = issuer
        self._audience = audience
        self._now = now
        self._known: dict[bytes, Identity] = {}
        self._generation = keys.generation
        self.checked = 0
        """How many signatures were checked."""

    def identity(self, token: str) -> Identity:
        """Return the caller that a token names; raise ``Unauthenticated`` with the reason."""
        self._keys.refresh()
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._known.clear()
        if len(token) > MAX_LENGTH:
            raise refused("TOKEN_TOO_LONG")
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        found = self._known.get(digest)
        if found is not None and self._now() < found.until:
            return found
        identity = self._verified(token)
        self._remember(digest, identity)
        return identity

    def _remember(self, digest: bytes, identity: Identity) -> None:
        if len(self._known) >= REMEMBERED:
            now = self._now()
            self._known = {k: v for k, v in self._known.items() if now < v.until}
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
        self._known[digest] = identity

    def _verified(self, token: str) -> Identity:
        key = self._key(token)
        self.checked += 1
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                options=_OPTIONS,
            )
        except jwt.InvalidSignatureError:
            raise refused("TOKEN_SIGNATURE_WRONG") from None
        except jwt.InvalidAlgorithmError:
            raise refused("TOKEN_ALGORITHM_REFUSED") from None
        except jwt.MissingRequiredClaimError as error:
            raise refused("TOKEN_CLAIM_MISSING", error.claim) from None
        except jwt.InvalidIssuerError:
            raise refused("TOKEN_ISSUER_WRONG") from None
        except jwt.InvalidAudienceError:
            raise refused("TOKEN_AUDIENCE_WRONG") from None
        except InvalidSubjectError:
            raise refused("TOKEN_CLAIM_WRONG", "sub") from None
        except InvalidJTIError:
            raise refused("TOKEN_CLAIM_WRONG", "jti") from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise refused("TOKEN_MALFORMED") from None
        return self._identity_of(payload)

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

    def _identity_of(self, payload: dict[str, Any]) -> Identity:
        until = self._validity(claims.instant(payload, "nbf"), claims.instant(payload, "exp"))
        kind = payload["kind"]
        if not isinstance(kind, str) or kind not in self._kinds:
            raise refused("TOKEN_KIND_UNKNOWN")
        actor = Actor(
            kind=self._kinds[kind],
            id=claims.subject(payload),
            unit=claims.unit(payload),
        )
        return Identity(actor, self._known_roles(claims.roles(payload)), until)

    def _known_roles(self, named: frozenset[str]) -> frozenset[str]:
        """Leave out roles that are not known here: an issuer of several systems names those of the
        others too.
        """
        unknown = sorted(role for role in named if role not in self._roles)
        for role in unknown:
            if self._unknown_role_limit.allow(role):
                log.warning("identity.role_unknown", role=role)
        return named.difference(unknown)

    def _validity(self, begin: float, end: float) -> float:
        now = self._now()
        if now < begin - LEEWAY:
            raise refused("TOKEN_NOT_YET_VALID")
        if now >= end + LEEWAY:
            raise refused("TOKEN_EXPIRED")
        if end - begin > LIFETIME:
            raise refused("TOKEN_LIFETIME_TOO_LONG")
        return end + LEEWAY


_OPTIONS: Final[Options] = {
    "require": list(claims.REQUIRED),
    # PyJWT cuts instants to whole seconds and takes true for 1; ``claims.instant`` is strict, and
    # the end of the validity is needed besides.
    "verify_exp": False,
    "verify_nbf": False,
    # RFC 7519 attaches no condition to it.
    "verify_iat": False,
}


def verifier_of(settings: Settings, permissions: Permissions) -> TokenVerifier:
    """Return the verifier that the settings describe, for the kinds and roles of a table; raise
    ``JwksError``.

    Without IDENTITY_JWKS, in development only, tokens of the local issuer are trusted.
    """
    path = settings.identity_jwks
    if path is None:
        issuer.make_keys(settings.identity_dir)
        path = issuer.jwks_path(settings.identity_dir)
    keys = Jwks(path, production=settings.mode == "production")
    model = permissions.model
    return TokenVerifier(
        keys,
        settings.identity_issuer,
        settings.identity_audience,
        kinds={name: model.kinds[name] for name in model.token_kinds},
        roles=permissions.roles,
    )
