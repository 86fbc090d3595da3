"""Databases as tests ask for them."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import psycopg

from infra.local.postgres import PostgresServer

NewDatabase = Callable[..., str]
"""``new_database("audit")``: the address of one more empty database."""
_EMPTY = """
select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid();
do $$
declare found text;
begin
    for found in select nspname from pg_namespace
        where nspname !~ '^pg_' and nspname <> 'information_schema'
    loop
        execute format('drop schema %I cascade', found);
    end loop;
end $$;
create schema public;
"""


class DatabasePool:
    """Empty databases of one PostgreSQL server, which are emptied and used again: making and
    dropping one costs more than most tests.
    """

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._free: list[str] = []

    def take(self) -> str:
        """Return the address of an empty database that nobody else has."""
        return self._free.pop() if self._free else self._server.create_database(uuid.uuid4().hex)

    def give_back(self, url: str) -> None:
        """End all connections to a database, and empty it for the next test."""
        address = url.replace("+psycopg", "")
        with psycopg.connect(
            address, autocommit=True, options="-c client_min_messages=warning"
        ) as c:
            c.execute(_EMPTY)
        self._free.append(url)
