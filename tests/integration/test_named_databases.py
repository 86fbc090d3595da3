"""`motcua up` with databases of a server: one that is away is told before anything starts."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack.plan import SERVICES
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer
from infra.supervisor.databases import silent
from tests.support.stack import Stack


def _url(address: str) -> str:
    return f"postgresql+psycopg://clerk:hidden@{address}/office"


@pytest.fixture
def mute() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", free_port())) as server:
        host, port = server.getsockname()
        yield f"{host}:{port}"


@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_a_database_that_is_away_ends_the_start(tmp_path: Path, options: tuple[str, ...]) -> None:
    """One line that names the variable and no password, with status 1; no broker is begun."""
    away = f"127.0.0.1:{free_port()}"
    stack = Stack(tmp_path / "stack", settings={"DATABASE_URL": _url(away)})
    done = stack.run("up", *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"DATABASE_URL: {away} does not answer\n"
    assert not (stack.folder / "kafka").exists()


def test_all_are_tried_at_a_time_and_not_for_ever(mute: str) -> None:
    """Each one that is used is named; DATABASE_URL is not where each service has its own."""
    names = ["KEYRING_DATABASE_URL", *(f"{it.upper()}_DATABASE_URL" for it in SERVICES)]
    begun = time.monotonic()
    found = silent({name: _url(mute) for name in [*names, "DATABASE_URL"]}, SERVICES)
    assert found == [f"{name}: {mute} does not answer" for name in names]
    assert time.monotonic() - begun < 9


def test_a_server_that_answers_is_told_by_its_own_words(postgres: PostgresServer) -> None:
    """A database that there is has nothing to tell, and SQLite is not tried."""
    env = {
        "KEYRING_DATABASE_URL": "sqlite:////nowhere/keyring.sqlite3",
        "DATABASE_URL": postgres.url,
        "AUDIT_DATABASE_URL": postgres.database_url("nowhere"),
    }
    assert silent(env, SERVICES) == [
        f'AUDIT_DATABASE_URL: 127.0.0.1:{postgres.port} refuses: database "nowhere" does not exist'
    ]


def test_a_driver_that_is_not_here_is_a_wrong_setting() -> None:
    """It is told as such, and not as a server that is away."""
    (message,) = silent({"DATABASE_URL": "postgresql+psycopg2://clerk@127.0.0.1/office"}, SERVICES)
    assert message == "DATABASE_URL: must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
