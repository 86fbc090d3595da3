"""Whether the databases that are named by URL answer, before anything is started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool

WITHIN = 5
"""Seconds in which a database has to answer."""
_PORT = 5432
_SEVERITY = "FATAL:"
"""What stands before a server's own message."""


def silent(env: Mapping[str, str], services: Iterable[str]) -> list[str]:
    """Try once each database that is not an SQLite file, all of them at a time; return a line for
    each that can't be used, with the name of its variable and without the password.
    """
    named = {name: url for name, url in _named(env, services).items() if _is_remote(url)}
    if not named:
        return []
    with ThreadPoolExecutor(len(named)) as pool:
        problems = pool.map(_problem, named.values())
    return [f"{name}: {why}" for name, why in zip(named, problems, strict=True) if why]


def _named(env: Mapping[str, str], services: Iterable[str]) -> dict[str, URL]:
    names = ["KEYRING_DATABASE_URL"]
    for service in services:
        own = f"{service.upper()}_DATABASE_URL"
        names.append(own if env.get(own) else "DATABASE_URL")
    return {name: make_url(env[name]) for name in names if env.get(name)}


def _is_remote(url: URL) -> bool:
    return url.get_backend_name() != "sqlite"


def _problem(url: URL) -> str:
    """Return why a database can't be used; empty when it can."""
    where = f"{url.host}:{url.port or _PORT}" if url.host else "the local server"
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": WITHIN})
        with engine.connect():
            return ""
    except (ArgumentError, ImportError):
        return "must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    except DBAPIError as error:
        _, answered, message = str(error.orig).rpartition(_SEVERITY)
        if not answered:
            return f"{where} does not answer"
        return f"{where} refuses: {message.strip().splitlines()[0]}"
