"""Fixtures of the real things that tests use: a Kafka broker, PostgreSQL, an SMTP server.

Each is started when the first test asks for it, on loopback, with its data in a temporary folder,
and is gone when the session ends, however it ends. The processes of one session share a broker and
a PostgreSQL server (tests.support.servers).
"""

import atexit
import itertools
import os
import re
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
import structlog

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer, PostgresUnavailable
from infra.local.smtp import MailSink
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.databases import DatabasePool, NewDatabase
from tests.support.scheduling import FileScheduling, slow_first
from tests.support.servers import (
    ServerOffer,
    SessionServers,
    ask_at,
    broker_at,
    postgres_at,
)
from tests.support.temporary import memory_folder

os.environ.pop("COLUMNS", None)  # tests look at tables of a width of their own
hypothesis.settings.register_profile("motcua", deadline=None, print_blob=True)
hypothesis.settings.load_profile("motcua")

AskServer = Callable[[str], dict[str, str]]
OFFERED = "MOTCUA_TEST_SERVERS"
"""The variable that says where the servers of the session are offered."""

if "TMPDIR" not in os.environ and (folder := memory_folder()):
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # children inherit the variable

# One local issuer for the session: tests sign at import, services are started later, in this
# process and in others.
os.environ["IDENTITY_DIR"] = tempfile.mkdtemp(prefix="motcua-identity-")
atexit.register(shutil.rmtree, os.environ["IDENTITY_DIR"], ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    # A session that is told to stop ends like one that met Ctrl-C: fixtures are torn down.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell's background job ignores Ctrl-C, and so would every process that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None) and OFFERED not in os.environ:
        offer = ServerOffer(SessionServers())
        os.environ[OFFERED] = offer.address  # the workers, and what they start, inherit it
        config.add_cleanup(offer.close)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """Return what shares the tests out among processes."""
    return FileScheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # After pytest-randomly. A process alone takes tests as they come.
    if hasattr(config, "workerinput"):
        items[:] = slow_first(items)


@pytest.fixture(scope="session", autouse=True)
def no_process_left() -> Iterator[None]:
    """Fail the session when a test or fixture leaves a child process behind (and end it)."""
    yield
    left = [child for child in psutil.Process().children(recursive=True) if _counts(child)]
    for child in left:
        child.kill()
    if left:
        pytest.fail(
            f"processes left behind: {[' '.join(child.cmdline())[:200] or child for child in left]}"
        )


@pytest.fixture(autouse=True)
def same_logging() -> Iterator[None]:
    """Take back what a test, or a command that it ran in this process, has set for all logs."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


_HELPERS = (
    "multiprocessing.resource_tracker",
    "multiprocessing.forkserver",
    "tests.support.command_server",
)
"""Processes that end with this one."""


def _counts(child: psutil.Process) -> bool:
    try:
        command = " ".join(child.cmdline())
        helper = any(name in command for name in _HELPERS)
        return not helper and child.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="session")
def session_dir() -> Iterator[Path]:
    """A folder that every user can enter (PostgreSQL does not run as root), removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="motcua-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ask_server() -> Iterator[AskServer]:
    """`ask_server("kafka")`: where the session's server of this name is."""
    if OFFERED in os.environ:
        yield partial(ask_at, os.environ[OFFERED])
        return
    servers = SessionServers()
    offer = ServerOffer(servers)
    os.environ[OFFERED] = offer.address
    yield servers.ask
    del os.environ[OFFERED]
    offer.close()


@pytest.fixture(scope="session")
def kafka(ask_server: AskServer) -> KafkaBroker:
    """One real broker for the whole session; a test that harms it takes `own_kafka` instead."""
    return broker_at(ask_server("kafka"))


@pytest.fixture
def own_kafka(session_dir: Path) -> Iterator[KafkaBroker]:
    """A real broker for this test alone, to be killed, paused and started again (about 2 s)."""
    folder = session_dir / f"kafka-{uuid.uuid4().hex[:8]}"
    with KafkaBroker(folder, free_port()) as broker:
        yield broker
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def topic(kafka: KafkaBroker, request: pytest.FixtureRequest) -> str:
    """Name of a fresh, empty events topic with 6 partitions, kept for ever as in production."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60]
    name = f"t.{readable}.{uuid.uuid4().hex[:8]}"
    ensure_topics(kafka.bootstrap, topics=[events_topic(name)])
    return name


@pytest.fixture(scope="session")
def postgres(ask_server: AskServer) -> PostgresServer:
    """One real PostgreSQL server for the whole session; the test is skipped, with the reason, where
    it cannot run.
    """
    try:
        return postgres_at(ask_server("postgres"))
    except PostgresUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def databases(postgres: PostgresServer) -> DatabasePool:
    """Databases of this process's own on the session's PostgreSQL server."""
    return DatabasePool(postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """`new_database()` or `new_database("audit")`: the address of one more empty database; the test
    runs on SQLite and on PostgreSQL.
    """
    numbers = itertools.count(1)
    if request.param == "sqlite":
        yield lambda name="db": f"sqlite:///{tmp_path / f'{name}-{next(numbers)}.sqlite'}"
        return
    pool: DatabasePool = request.getfixturevalue("databases")
    taken: list[str] = []

    def take(_name: str = "db") -> str:
        taken.append(pool.take())
        return taken[-1]

    yield take
    for url in taken:
        pool.give_back(url)


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """Address of an empty database; the test runs once on SQLite and once on PostgreSQL."""
    return new_database()


@pytest.fixture
def mail_sink(tmp_path: Path) -> Iterator[MailSink]:
    """A real SMTP server; `.port`, `.messages()`, answers scripted by the recipient (see
    infra.local.smtp).
    """
    with MailSink(tmp_path / "mail", free_port()) as sink:
        yield sink
