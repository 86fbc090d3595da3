"""The public keys of those who issue tokens: a JWKS file (RFC 7517) that may change at any time.

A new key is seen within a second of the file's change, or at once when a token names it; a key that
is taken out counts no more within a second. So keys are changed without a restart: add the new one,
let the issuer sign with it, and take the old one out when its last token has expired.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jwt import PyJWK, PyJWTError

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.telemetry.logs import fault, get_logger

log = get_logger(__name__)

ALGORITHMS: Final = ("EdDSA", "ES256")
DEVELOPMENT: Final = "development-"
"""How the names of keys begin that anybody can make; production takes none of them."""


class JwksError(ValueError):
    """The file of keys can't be used; the message names the file, the key and the rule."""


class Jwks:
    """The keys of one file, by name."""

    def __init__(
        self, path: Path, *, production: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the file; raise ``JwksError``."""
        self.generation = 0
        """Grows whenever other keys count: what was verified before is to be verified again."""
        self._watched = FileWatcher(
            lambda: stamp_of(path),
            lambda: read_keys(path, production=production),
            JwksError,
            changed=self._count,
            refused=lambda error: log.error("identity.keys_unusable", **fault(error)),
            monotonic=monotonic,
        )

    def refresh(self) -> None:
        """Look at the file when it is time to. One that can't be used is reported, and the keys
        that counted before count on.
        """
        self._watched.now()

    def find(self, name: str) -> PyJWK | None:
        """Return the key with this name, looking at the file again when there is none."""
        return self._watched.now().get(name) or self._watched.look().get(name)

    def _count(self, keys: dict[str, PyJWK]) -> None:
        self.generation += 1
        log.info("identity.keys_changed", keys=sorted(keys))


def read_keys(path: Path, *, production: bool) -> dict[str, PyJWK]:
    """Read a JWKS file; raise ``JwksError`` naming what is wrong with which key."""
    try:
        rows = json.loads(path.read_text("utf-8"))["keys"]
    except OSError as error:
        raise JwksError(f"IDENTITY_JWKS: {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise JwksError(f'IDENTITY_JWKS: {path}: not a JWKS file ({{"keys": [...]}})') from error
    if not isinstance(rows, list) or not rows:
        raise JwksError(f"IDENTITY_JWKS: {path}: holds no key")
    found: dict[str, PyJWK] = {}
    for number, row in enumerate(rows, start=1):
        name, key = _key(row, f"IDENTITY_JWKS: {path}: key {number}", production=production)
        if name in found:
            raise JwksError(f"IDENTITY_JWKS: {path}: key {number}: kid {name} is there twice")
        found[name] = key
    return found


def _key(row: Any, where: str, *, production: bool) -> tuple[str, PyJWK]:
    name = row.get("kid") if isinstance(row, dict) else None
    if not isinstance(name, str) or not name:
        raise JwksError(f"{where}: kid is missing")
    if "d" in row or row.get("kty") == "oct":
        raise JwksError(f"{where}: {name} is a secret key; only public keys belong here")
    if production and name.startswith(DEVELOPMENT):
        raise JwksError(f"{where}: {name} is a development key, which production refuses")
    try:
        key = PyJWK(row)
    except (PyJWTError, ValueError, TypeError) as error:
        raise JwksError(f"{where}: {name} can't be read as a public key") from error
    if key.algorithm_name not in ALGORITHMS:
        raise JwksError(
            f"{where}: {name} is for {key.algorithm_name}, not {' or '.join(ALGORITHMS)}"
        )
    return name, key
