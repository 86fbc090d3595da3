"""Verifies the token with which a caller says who it is: a JWT signed by the office's issuer.

A verified token is remembered until it expires or the keys change, so a call costs a hash, not a
signature check.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from motcua.events.v1.envelope_pb2 import Actor, ActorKind

from services.kernel.errors import Unauthenticated
from services.kernel.logs import RateLimit, get_logger
from services.kernel.rpc import issuer
from services.kernel.rpc.keys import Keys
from services.kernel.rpc.subjects import personal
from services.kernel.rpc.validation import plain
from services.kernel.settings import Settings

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
_CLAIMS: Final = ("iss", "aud", "exp", "nbf", "sub", "kind")
_UNIT: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,62}[A-Za-z0-9])?")
_ROLE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ROLES: Final = 32
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token says that it is, and until when (seconds of Unix time, leeway included)."""

    actor: Actor
    roles: frozenset[str]
    until: float


class Verifier:
    """Verifies the tokens of one issuer for one audience; for use in one event loop."""

    def __init__(
        self,
        keys: Keys,
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
        """Give who the token says that it is; raises ``Unauthenticated`` with the reason."""
        self._keys.refresh()
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._known.clear()
        if len(token) > LONGEST:
            raise _refused("TOKEN_TOO_LONG")
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
            claims = jwt.decode(
                token, key, algorithms=[key.algorithm_name], options=_SIGNATURE_ONLY
            )
        except jwt.InvalidSignatureError:
            raise _refused("TOKEN_SIGNATURE_WRONG") from None
        except jwt.InvalidAlgorithmError:
            raise _refused("TOKEN_ALGORITHM_REFUSED") from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refused("TOKEN_MALFORMED") from None
        return self._identity_of(claims)

    def _key(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise _refused("TOKEN_MALFORMED") from None
        algorithm = header.get("alg")
        if str(algorithm).lower() == "none":
            raise _refused("TOKEN_UNSIGNED")
        if "crit" in header:  # the issuer demands what we don't know
            raise _refused("TOKEN_MALFORMED")
        name = header.get("kid")
        key = self._keys.find(name) if isinstance(name, str) else None
        if key is None:
            raise _refused("TOKEN_KEY_UNKNOWN")
        if algorithm != key.algorithm_name:
            raise _refused("TOKEN_ALGORITHM_REFUSED")
        return key

    def _identity_of(self, claims: dict[str, Any]) -> Identity:
        for name in _CLAIMS:
            if name not in claims:
                raise _refused("TOKEN_CLAIM_MISSING", name)
        if claims["iss"] != self._issuer:
            raise _refused("TOKEN_ISSUER_WRONG")
        audience = claims["aud"]
        if self._audience not in (audience if isinstance(audience, list) else [audience]):
            raise _refused("TOKEN_AUDIENCE_WRONG")
        until = self._validity(_instant(claims, "nbf"), _instant(claims, "exp"))
        kind = claims["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            raise _refused("TOKEN_KIND_UNKNOWN")
        actor = Actor(kind=KINDS[kind], id=_subject(claims), unit=_unit(claims))
        return Identity(actor, self._known_roles(_roles(claims)), until)

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
            raise _refused("TOKEN_NOT_YET_VALID")
        if now >= end + LEEWAY:
            raise _refused("TOKEN_EXPIRED")
        if end - begin > LIFETIME:
            raise _refused("TOKEN_LIFETIME_TOO_LONG")
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


def _instant(claims: dict[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused("TOKEN_CLAIM_WRONG", name)
    return float(value)


def _subject(claims: dict[str, Any]) -> str:
    text = claims["sub"]
    right = isinstance(text, str) and 0 < len(text) <= 64 and text == text.strip()
    if not right or plain(text) != text or "\n" in text or "\t" in text:
        raise _refused("TOKEN_CLAIM_WRONG", "sub")
    if personal(text):
        raise _refused("TOKEN_SUBJECT_PERSONAL")
    return str(text)


def _unit(claims: dict[str, Any]) -> str:
    text = claims.get("unit", "")
    if not isinstance(text, str) or (text and not _UNIT.fullmatch(text)):
        raise _refused("TOKEN_CLAIM_WRONG", "unit")
    return text


def _roles(claims: dict[str, Any]) -> frozenset[str]:
    found = claims.get("roles", [])
    if not isinstance(found, list) or len(found) > _ROLES:
        raise _refused("TOKEN_CLAIM_WRONG", "roles")
    if not all(isinstance(role, str) and _ROLE.fullmatch(role) for role in found):
        raise _refused("TOKEN_CLAIM_WRONG", "roles")
    return frozenset(found)


def verifier_of(settings: Settings, roles: Container[str]) -> Verifier:
    """Give the verifier that the settings describe, which knows these roles; raises ``KeysError``.

    Without IDENTITY_JWKS, in development only, tokens of the local issuer are trusted.
    """
    path = settings.identity_jwks
    if path is None:
        folder = issuer.folder_of(settings.data_dir)
        issuer.make_keys(folder)
        path = issuer.jwks_path(folder)
    keys = Keys(path, production=settings.mode == "production")
    return Verifier(keys, settings.identity_issuer, settings.identity_audience, roles=roles)


def missing() -> Unauthenticated:
    """Give what is said to a caller without a token where one is needed."""
    return _refused("TOKEN_MISSING")


def _refused(code: str, claim: str = "") -> Unauthenticated:
    vi, en = _TEXTS[code]
    return Unauthenticated(vi.format(claim), en.format(claim), code)


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "TOKEN_MISSING": (
        "cần cho biết người gọi bằng mã thông báo (authorization: Bearer …)",
        "say who calls with a token (authorization: Bearer ...)",
    ),
    "TOKEN_TOO_LONG": ("mã thông báo quá dài", "the token is too long"),
    "TOKEN_MALFORMED": ("mã thông báo sai dạng", "the token is malformed"),
    "TOKEN_UNSIGNED": ("mã thông báo không có chữ ký", "the token is not signed"),
    "TOKEN_ALGORITHM_REFUSED": (
        "mã thông báo ký bằng thuật toán không được chấp nhận",
        "the token is signed by an algorithm that is not accepted",
    ),
    "TOKEN_KEY_UNKNOWN": (
        "không biết khóa đã ký mã thông báo",
        "the key that signed the token is not known",
    ),
    "TOKEN_SIGNATURE_WRONG": (
        "chữ ký của mã thông báo không đúng",
        "the token's signature is wrong",
    ),
    "TOKEN_CLAIM_MISSING": ("mã thông báo thiếu mục {}", "the token lacks {}"),
    "TOKEN_CLAIM_WRONG": ("mục {} của mã thông báo không đúng", "the token's {} is wrong"),
    "TOKEN_ISSUER_WRONG": (
        "mã thông báo không do nơi được tin cậy cấp",
        "the token is not of the issuer trusted here",
    ),
    "TOKEN_AUDIENCE_WRONG": (
        "mã thông báo cấp cho hệ thống khác",
        "the token is meant for another audience",
    ),
    "TOKEN_NOT_YET_VALID": ("mã thông báo chưa có hiệu lực", "the token is not valid yet"),
    "TOKEN_EXPIRED": (
        "mã thông báo đã hết hạn, xin đăng nhập lại",
        "the token has expired; sign in again",
    ),
    "TOKEN_LIFETIME_TOO_LONG": (
        "mã thông báo có thời hạn quá 24 giờ",
        "the token is valid for more than 24 hours",
    ),
    "TOKEN_KIND_UNKNOWN": (
        "mã thông báo nêu loại người gọi không được biết",
        "the token names a kind of caller that is not known",
    ),
    "TOKEN_SUBJECT_PERSONAL": (
        "mã thông báo dùng số định danh, số điện thoại hoặc thư điện tử làm tên người gọi",
        "the token names its caller by an identity number, telephone number or e-mail address",
    ),
}
