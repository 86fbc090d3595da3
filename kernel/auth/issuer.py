"""The local issuer of tokens, for development. Its key lies in the data folder; production accepts
neither its name nor its keys.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from kernel.auth.identity import ANONYMOUS
from kernel.auth.jwks import DEVELOPMENT
from kernel.config.common_settings import AUDIENCE, DEVELOPMENT_ISSUER, CommonSettings

HOURS: Final = 12.0
"""Hours for which its tokens are valid by default."""
_SECRET: Final = "issuer.json"
_REUSE_SECONDS: Final = 600
"""Seconds for which a token is returned again instead of signing another."""


def jwks_path(folder: Path) -> Path:
    """Return the path of the public keys in the issuer's folder."""
    return folder / "jwks.json"


def make_keys(folder: Path) -> None:
    """Make the issuer's key when there is none; only its owner can read it. Safe to call from
    several processes at the same time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / _SECRET
    if not secret.exists():
        _create(secret, _new_key())
    public = {name: value for name, value in json.loads(secret.read_text()).items() if name != "d"}
    if not jwks_path(folder).exists():
        _create(jwks_path(folder), {"keys": [public]})


def _new_key() -> dict[str, Any]:
    key = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    name = DEVELOPMENT + hashlib.sha256(key["x"].encode()).hexdigest()[:16]
    return {**key, "kid": name, "alg": "EdDSA", "use": "sig"}


def _create(path: Path, document: dict[str, Any]) -> None:
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)  # readable by its owner only
    with os.fdopen(handle, "w") as file:
        json.dump(document, file)
    try:
        os.link(name, path)  # atomic, and never over an existing file
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


@dataclass(frozen=True)
class LocalIssuer:
    """Signs tokens with the key in ``folder``; makes the key when there is none."""

    folder: Path
    name: str = DEVELOPMENT_ISSUER
    audience: str = AUDIENCE

    @classmethod
    def of(cls, settings: CommonSettings) -> LocalIssuer:
        """Return the issuer that the settings describe."""
        return cls(settings.identity_dir, settings.identity_issuer, settings.identity_audience)

    def sign(
        self,
        kind: str,
        identity: str,
        *,
        unit: str = "",
        roles: Sequence[str] = (),
        hours: float = HOURS,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """Return a token, valid from now; ``claims`` replaces or adds some.

        Raise ``OSError`` when the key can't be read or made.
        """
        make_keys(self.folder)
        now = int(time.time())
        payload: dict[str, Any] = {
            "iss": self.name,
            "aud": self.audience,
            "nbf": now,
            "exp": now + int(hours * 3600),
            "sub": identity,
            "kind": kind,
            "unit": unit,
            "roles": list(roles),
            **(claims or {}),
        }
        key = _key(self.folder, _stamp(self.folder))
        return jwt.encode(payload, key, algorithm=key.algorithm_name, headers={"kid": key.key_id})

    def token(self, kind: str, identity: str, unit: str = "", roles: Sequence[str] = ()) -> str:
        """Return a token for a caller, the same one for some minutes; raise what ``sign`` raises.

        Without an identity the caller is anonymous.
        """
        period = int(time.time()) // _REUSE_SECONDS
        since = (_stamp(self.folder), period)
        return _token(self, kind, identity or ANONYMOUS, unit, tuple(roles), since)


@lru_cache(maxsize=4096)
def _token(
    issuer: LocalIssuer,
    kind: str,
    identity: str,
    unit: str,
    roles: tuple[str, ...],
    _while: tuple[int, int],
) -> str:
    return issuer.sign(kind, identity, unit=unit, roles=roles)


@lru_cache(maxsize=4)
def _key(folder: Path, _stamp: int) -> jwt.PyJWK:
    return jwt.PyJWK(json.loads((folder / _SECRET).read_text()))


def _stamp(folder: Path) -> int:
    try:
        return (folder / _SECRET).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
