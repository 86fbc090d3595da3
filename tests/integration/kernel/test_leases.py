"""Leases on both databases."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from kernel.base.instants import SECOND
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.leases import Lease
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from tests.support.feed import wait_until
from tests.support.tally import KERNEL, METADATA, MODEL

Run = Callable[[Callable[[UnitOfWork], object]], object]


@pytest.fixture
def run(database_url: str) -> object:
    """Return a function that runs a piece of work in a transaction."""
    engine = open_engine(database_url, "tally")
    METADATA.create_all(engine)
    writer = Writer(engine, MODEL)
    writer.start()
    yield lambda work: writer.exclusive(work).result(10)
    writer.stop()
    engine.dispose()


def test_one_holder_at_a_time(run: Run) -> None:
    """The second one waits until the first gives it up; renewing is taking it again."""
    first, second = Lease("x", 60, holder="elsewhere/1/1/a"), Lease("x", 60)
    assert run(first.take)
    assert run(first.take)
    assert not run(second.take)
    run(second.release)
    assert not run(second.take)
    run(first.release)
    assert run(second.take)
    assert not run(first.take)


def test_lease_ends_by_itself(run: Run) -> None:
    """A holder on another machine that is never heard of again loses it after its time."""
    assert run(Lease("x", 0.2, holder="elsewhere/1/1/a").take)
    second = Lease("x", 60)
    assert not run(second.take)
    wait_until(lambda: bool(run(second.take)), seconds=5)


def test_dead_holder_of_this_machine_loses_it_at_once(run: Run) -> None:
    """Nobody waits for a process that is known to have ended; a living one keeps it."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = socket.gethostname()
    assert run(Lease("x", 60, holder=f"{host}/{child.pid}/1/a").take)
    assert run(Lease("x", 60).take)
    reborn = Lease("y", 60, holder=f"{host}/{os.getpid()}/1/a")
    assert run(reborn.take), "a process with the same number, but born at another time"
    assert run(Lease("y", 60).take)
    assert not run(Lease("y", 60).take), "this process lives"


def test_lease_of_a_clock_that_was_ahead_is_free(run: Run) -> None:
    """A machine whose clock was an hour ahead, and which is dead now, keeps it no longer than one
    whose clock was right."""
    ahead = time.time_ns() // 1000 + 3_605 * SECOND
    row = {"name": "x", "holder": "elsewhere/1/1/a", "expires_at": ahead}
    run(lambda uow: uow.put(KERNEL.leases, row))
    assert run(Lease("x", 5).take)
