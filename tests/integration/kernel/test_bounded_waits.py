"""No process of a service holds up another one for long, whether it was stopped or is dead."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from kernel.base.errors import Busy, Unavailable
from kernel.eventsourcing.group_commit import TURN_LOCK, Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import IDLE_MS, open_engine
from tests.support.databases import NewDatabase
from tests.support.feed import code_of
from tests.support.tally import KERNEL, METADATA, MODEL, SEEN

HOLDER = """
import sys, time
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from tests.support.tally import KERNEL, MODEL

def hold(uow):
    uow.lock(KERNEL.leases, {"name": "a", "holder": "", "expires_at": 0})
    print("holds", flush=True)
    time.sleep(600)

writer = Writer(open_engine(sys.argv[1], "tally"), MODEL)
writer.start()
writer.submit(hold).result()
"""
LONGER_SECONDS = 60
"""Far beyond what PostgreSQL grants a transaction that does nothing."""


POSTGRESQL = pytest.mark.parametrize("new_database", ["postgresql"], indirect=True)
"""SQLite has one writer at a time, on one machine."""


@pytest.fixture
def url(new_database: NewDatabase) -> str:
    """The URL of an empty database."""
    return new_database()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine on it."""
    opened = open_engine(url, "tally")
    METADATA.create_all(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    """A replica that works."""
    made = Writer(engine, MODEL)
    made.start()
    yield made
    made.stop()


@contextmanager
def stopped_holder(url: str) -> Iterator[None]:
    """Run another replica that was stopped within a transaction, with row ``a`` locked."""
    child = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "holds\n"
        child.send_signal(signal.SIGSTOP)
        yield
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def lock(name: str) -> Callable[[UnitOfWork], str]:
    """Return a job that locks a row."""
    row = {"name": name, "holder": "", "expires_at": 0}
    return lambda uow: str(uow.lock(KERNEL.leases, row)["name"])


def see(uow: UnitOfWork) -> str:
    """Write something that needs no lock."""
    uow.put(SEEN, {"dossier_code": code_of(9), "supplements": 1, "last_round": 1})
    return "seen"


@POSTGRESQL
def test_a_stopped_replica_holds_up_nobody(url: str, engine: Engine, writer: Writer) -> None:
    """Who locks another row, or none, does not wait for it; who needs its row gets it when
    PostgreSQL has ended the transaction that does nothing."""
    with stopped_holder(url):
        other, plain = writer.submit(lock("b")), writer.submit(see)
        assert other.result(LONGER_SECONDS) == "b"
        assert plain.result(LONGER_SECONDS) == "seen"
        with engine.connect() as connection:  # the other one holds its row still, or has lost it
            idle = connection.execute(text("show idle_in_transaction_session_timeout")).scalar_one()
        assert idle == f"{IDLE_MS // 1000}s"
        while True:
            try:
                assert writer.submit(lock("a")).result(LONGER_SECONDS) == "a"
                return
            except Busy:
                continue


@POSTGRESQL
def test_a_row_that_is_kept_gives_busy(engine: Engine, writer: Writer) -> None:
    """A transaction that keeps a row and goes on working is not ended: who needs the row is told
    so, in bounded time, and nothing else waits."""
    with engine.connect() as connection:
        connection.execute(text("set local idle_in_transaction_session_timeout = 0"))
        connection.execute(KERNEL.leases.insert(), {"name": "a", "holder": "", "expires_at": 0})
        kept = writer.submit(lock("a"))
        with pytest.raises(Busy):
            kept.result(LONGER_SECONDS)
        assert writer.submit(see).result(LONGER_SECONDS) == "seen"


@POSTGRESQL
def test_the_lock_of_those_that_run_again_is_kept_by_another(
    engine: Engine, writer: Writer
) -> None:
    """It only saves work: without it a transaction that met another's change still gets done."""
    ran: list[int] = []

    def overtaken(uow: UnitOfWork) -> str:
        ran.append(1)
        if len(ran) == 1:
            uow.connection.execute(text("select raise_it()"))
        return see(uow)

    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create function raise_it() returns void language plpgsql as "
            "$$ begin raise exception 'overtaken' using errcode = '40001'; end $$"
        )
    with engine.connect() as holder:
        holder.execute(text("set local idle_in_transaction_session_timeout = 0"))
        holder.execute(
            text("select pg_advisory_xact_lock(:key, hashtext(current_schema()))"),
            {"key": TURN_LOCK},
        )
        assert writer.submit(overtaken).result(LONGER_SECONDS) == "seen"
    assert len(ran) == 2


@POSTGRESQL
def test_every_connection_notices_a_vanished_server(engine: Engine) -> None:
    """Also one that waits: what TCP itself would find out after hours."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        given = driver.info.get_parameters()
    assert {
        name: given[name] for name in given if "alive" in name or name == "tcp_user_timeout"
    } == {
        "keepalives": "1",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
    }


def test_work_for_a_stopped_writer_fails_at_once(database_url: str) -> None:
    """It would wait for ever, and the process with it."""
    engine = open_engine(database_url, "tally")
    METADATA.create_all(engine)
    writer = Writer(engine, MODEL)
    writer.start()
    writer.stop()
    with pytest.raises(Unavailable):
        writer.submit(see).result(0)
    engine.dispose()


def test_a_thread_that_dies_ends_its_process() -> None:
    """The process that would look healthy ends with 70, and its supervisor starts it again."""
    script = """
import time
from kernel.telemetry.vital_threads import vital_thread
vital_thread(lambda: 1 / 0, "writer").start()
time.sleep(60)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 70
    assert "thread.died" in done.stdout + done.stderr
