"""The master key that wraps all keys of the keyring, and the key of records: settings, or made once
for development.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kernel.eventsourcing.authentication import Authenticator

if TYPE_CHECKING:
    from kernel.config.settings import Settings


RECORD_KEY: Final = "records.key"
"""The file of the data folder with the key by which records are proven in development."""


MASTER_KEY: Final = "master.key"
"""The file of the data folder with the master key in development."""
KEYRING_FILE: Final = "keyring.sqlite3"


def parse_key(text: str) -> bytes:
    """Return the 32 bytes of a key in hexadecimal; raise ``ValueError`` with the rule."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ValueError("expected 64 hexadecimal digits")
    return key


def master_key(settings: Settings) -> bytes:
    """Return the 32 bytes of MOTCUA_MASTER_KEY (hexadecimal), or those of the data folder when it
    is unset; raise ``ValueError`` naming the variable when it is no key, or is gone.
    """
    text = settings.master_key.get_secret_value() or development_master_key(settings.data_dir)
    try:
        return parse_key(text)
    except ValueError as error:
        raise ValueError(f"MOTCUA_MASTER_KEY: {error}") from None


def development_master_key(data_dir: Path) -> str:
    """Return the master key of a data folder in hexadecimal, made on first use; raise
    ``ValueError`` when the keyring is there without it: a new one would not open it.
    """
    path = data_dir / MASTER_KEY
    if (data_dir / KEYRING_FILE).exists() and not path.exists():
        raise ValueError(
            f"MOTCUA_MASTER_KEY: must be set as it was, or {path} put back from its backup: "
            f"it opens the keys in {KEYRING_FILE}, and a new one would not"
        )
    return development_key(data_dir, MASTER_KEY)


def authenticator_of(settings: Settings) -> Authenticator | None:
    """Return what proves records by the keys of MOTCUA_RECORD_KEYS, or by that of the data folder
    when it is unset; None when there is neither.
    """
    text = settings.record_keys.get_secret_value()
    if not text and (settings.data_dir / RECORD_KEY).exists():
        text = development_key(settings.data_dir, RECORD_KEY)
    return Authenticator(parse_keys(text)) if text else None


def parse_keys(text: str) -> list[bytes]:
    """Return the keys in hexadecimal with commas between; raise ``ValueError`` with the rule."""
    return [parse_key(part.strip()) for part in text.split(",")]


def development_key(data_dir: Path, name: str) -> str:
    """Return a key of a data folder in hexadecimal, made on first use; only its owner can read the
    file.
    """
    path = data_dir / name
    data_dir.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    try:
        os.link(fresh, path)  # whole or not at all, and never over a key that is there
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()
