"""The local stack's folder, and absolute paths in settings, for programs in another folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PATHS: Final = (
    "IDENTITY_DIR",
    "IDENTITY_JWKS",
    "MOTCUA_CALENDARS_DIR",
    "MOTCUA_DATA_DIR",
    "MOTCUA_PROCEDURES_DIR",
    "MOTCUA_PROCESSES",
    "MOTCUA_TRACE_FILE",
    "PEOPLE_DIRECTORY",
    "POSTAL_PARTNERS",
    "ROUTING_ESCALATION_POLICIES",
)
"""Each names one file or folder."""
DATABASES: Final = ("DATABASE_URL", "KEYRING_DATABASE_URL")
"""Each may name an SQLite file."""
OF_A_SERVICE: Final = ("TLS_CERT", "TLS_KEY", "TLS_CLIENT_CA")
"""Each names a file, below the name of a service."""


def data_dir() -> Path:
    """Return the local stack's folder."""
    return Path(os.environ.get("MOTCUA_DATA_DIR") or ".motcua").absolute()


def absolute_paths(env: Mapping[str, str], services: Iterable[str]) -> dict[str, str]:
    """Return the settings that name something below the current folder, as absolute paths."""
    prefixes = [service.upper() for service in services]
    paths = [*PATHS, *(f"{prefix}_{name}" for prefix in prefixes for name in OF_A_SERVICE)]
    databases = [*DATABASES, *(f"{prefix}_DATABASE_URL" for prefix in prefixes)]
    whole = {name: str(Path(env[name]).absolute()) for name in paths if env.get(name)}
    return whole | {name: _whole_url(env[name]) for name in databases if env.get(name)}


def _whole_url(text: str) -> str:
    """Return the URL of an SQLite file with its absolute path, any other as it is."""
    try:
        url = make_url(text)
    except ArgumentError:
        return text
    file = url.database or ""
    if url.get_backend_name() != "sqlite" or file in ("", ":memory:") or file.startswith("file:"):
        return text
    return url.set(database=str(Path(file).absolute())).render_as_string(hide_password=False)
