"""The public keys of the issuer of tokens: a JWKS file (RFC 7517) that may change at any time.

A new key is known within a second of the file's change, or at once when a token names it; a removed
one is refused within a second. So keys are rotated without a restart: add the new one, let the
issuer sign with it, and remove the old one when its last token has expired.
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
"""The prefix of the names of development keys, which production refuses."""


class JwksError(ValueError):
    """The file of keys can't be used; the message names the file, the key and the rule."""


class Jwks:
    """The keys of one file, by name. Thread-safe."""

    def __init__(
        self, path: Path, *, production: bool, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Read the file; raise ``JwksError``."""
        self.generation = 0
        """Grows with each change of the keys: tokens verified before have to be verified again."""
        self._watcher = FileWatcher(
            lambda: stamp_of(path),
            lambda: read_keys(path, production=production),
            JwksError,
            on_change=self._keys_changed,
            on_error=lambda error: log.error("identity.keys_unusable", **fault(error)),
            monotonic=monotonic,
        )

    def refresh(self) -> None:
        """Check the file when a second has passed since the last check. One that can't be used is
        logged, and the keys stay.
        """
        self._watcher.value()

    def find(self, name: str) -> PyJWK | None:
        """Return the key with this name, None when there is none; an unknown one has the file
        checked first.
        """
        return self._watcher.value().get(name) or self._watcher.refresh().get(name)

    def _keys_changed(self, keys: dict[str, PyJWK]) -> None:
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
