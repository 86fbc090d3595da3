"""Absolute paths in settings, for programs in another folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from cli.stack.service_settings import ALL_SETTINGS, SETTINGS_OF


def path_variables() -> set[str]:
    """Return the variables that name a file or folder each."""
    return {
        name
        for kind in ALL_SETTINGS
        for field, names in kind.variables().items()
        if kind.model_fields[field].annotation in (Path, Path | None)
        for name in names
    }


def database_variables() -> set[str]:
    """Return the variables that may name an SQLite file."""
    kinds = SETTINGS_OF.values()
    fields = ("database_url", "keyring_url")
    return {name for kind in kinds for field in fields for name in kind.variables()[field]}


def absolute_paths(env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that name something below the current folder, as absolute paths."""
    whole = {name: str(Path(env[name]).absolute()) for name in path_variables() if env.get(name)}
    return whole | {name: _whole_url(env[name]) for name in database_variables() if env.get(name)}


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
