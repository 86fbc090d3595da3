"""`motcua rebuild` while people work, and killed half way: nothing is lost or done again."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from sqlalchemy import LargeBinary, text

from infra.local.child import spawn
from kernel.eventsourcing.migrate import migrate
from kernel.storage.engines import open_engine
from services.intake.tables import KERNEL
from tests.support import invariants
from tests.support.feed import wait_until
from tests.support.invariants import ConfirmedCommand
from tests.support.models import INTAKE as MODEL
from tests.support.stack import Stack, program
from tests.support.walk import AT_COUNTER, submission, walking

pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(180)]


@contextmanager
def citizens(stack: Stack, number: int = 4) -> Iterator[list[ConfirmedCommand]]:
    """Hand in dossiers one after the other all the time, again while the desk is away."""
    confirmed: list[ConfirmedCommand] = []
    ending = threading.Event()
    failures: list[grpc.RpcError] = []

    def live() -> None:
        with walking(stack) as walk:
            while not ending.is_set():
                request = submission(result_channel=AT_COUNTER, consent_email=False)
                while True:
                    try:
                        code = walk.call(
                            walk.intake.SubmitDossier, request, walk.citizen
                        ).dossier_code
                    except grpc.RpcError as error:
                        if error.code() == grpc.StatusCode.UNAVAILABLE:
                            ending.wait(0.02)
                            continue
                        failures.append(error)
                        return
                    ending.wait(0.01)
                    confirmed.append(
                        ConfirmedCommand("intake", "SubmitDossier", request.request_id, code)
                    )
                    break

    threads = [threading.Thread(target=live) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield confirmed
    finally:
        ending.set()
        for thread in threads:
            thread.join(60)
    assert not failures, failures


def rebuilt(stack: Stack, service: str) -> int:
    """Rebuild a service while people work, again for as long as the command says that not all of it
    is in the log; gives how many events there were.
    """
    while True:
        done = stack.run("rebuild", service, "--json")
        if done.returncode == 0:
            return int(json.loads(done.stdout)["events"])
        assert "not in the log yet" in done.stderr, done.stderr


def test_a_rebuild_under_load_loses_nothing(stack: Stack) -> None:
    """The desk's database is made again while citizens hand in dossiers; each is there once."""
    with citizens(stack) as confirmed:
        wait_until(lambda: len(confirmed) > 30, 60, "some are handed in")
        before = len(confirmed)
        assert rebuilt(stack, "intake") > 0
        wait_until(lambda: len(confirmed) > before + 30, 60, "more are handed in afterwards")
    stack.wait_settled()
    events = invariants.all_stored(stack)
    invariants.check_confirmed(confirmed, events)
    invariants.check_sequences(events)
    invariants.check_published(stack, events)
    assert len({one.dossier_code for one in confirmed}) == len(confirmed)
    assert stack.motcua("rebuild", "intake", "--check", "--json")["equal"]


def test_fault_04_a_killed_rebuild_is_as_if_it_never_was(stack: Stack) -> None:
    """The service comes back by itself with what it had; a second rebuild ends, nothing is sent."""
    service = "notify"
    with walking(stack) as walk:
        codes = {walk.accepted().dossier_code for _ in range(3)}
    stack.wait_settled()
    mails = len(stack.mails())
    before = _rows(stack, service)
    fresh = stack.folder / f"{service}.sqlite3.rebuild"
    pid = stack.pid(service)
    child = _begin(stack, service)
    try:
        wait_until(fresh.exists, 60, "it has begun")
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    stack.wait_back(service, pid or 0)
    stack.wait_ready()
    assert _rows(stack, service) == before

    assert stack.motcua("rebuild", service, "--json")["events"] > 0
    stack.wait_ready()
    stack.wait_settled()
    assert _rows(stack, service) == before
    assert stack.motcua("rebuild", service, "--check", "--json")["equal"]
    assert not list(stack.folder.glob("*.rebuild*"))
    assert len(stack.mails()) == mails
    with walking(stack) as walk:
        assert all(walk.dossier(code).accepted_at.seconds for code in codes)


def test_a_database_with_unpublished_events_is_not_thrown_away(tmp_path: Path) -> None:
    """What the log does not have yet would be lost: the command says so and changes nothing."""
    path = tmp_path / "intake.sqlite3"
    engine = open_engine(f"sqlite:///{path}", "intake")
    migrate(engine, MODEL)
    row: dict[str, object] = {
        column.name: b"" if isinstance(column.type, LargeBinary) else "0"
        for column in KERNEL.outbox.columns
        if column.name != "quarantine_reason"
    }
    with engine.begin() as connection:
        connection.execute(KERNEL.outbox.insert(), row)
    engine.dispose()
    before = path.read_bytes()
    done = subprocess.run(
        program("cli.main", "rebuild", "intake"),
        env={**os.environ, "MOTCUA_DATA_DIR": str(tmp_path), "MOTCUA_MODE": "development"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "1 event(s) of intake are not in the log" in " ".join(done.stderr.split())
    assert path.read_bytes() == before


def _begin(stack: Stack, service: str) -> subprocess.Popen[bytes]:
    log: Path = stack.folder / "log" / "rebuild.log"
    command = list(program("cli.main", "rebuild", service))
    return spawn(command, log=log, death_signal=signal.SIGKILL, env=stack.env)


def _rows(stack: Stack, service: str) -> dict[str, int]:
    """Count a service's own events and its streams."""
    with stack.store(service) as engine, engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("events", "streams")
        }
