"""`motcua rebuild` while people work, and killed half way: nothing is lost or done again."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from sqlalchemy import text

from infra.local.child import spawn
from tests.support import invariants
from tests.support.feed import wait_until
from tests.support.invariants import ConfirmedCommand
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


def test_a_rebuild_under_load_loses_nothing(stack: Stack) -> None:
    """The desk's database is made again while citizens hand in dossiers; each is there once."""
    with citizens(stack) as confirmed:
        wait_until(lambda: len(confirmed) > 30, 60, "some are handed in")
        before = len(confirmed)
        pid = stack.pid("intake")
        assert stack.motcua("rebuild", "intake", "--json")["events"] > 0
        assert stack.pid("intake") == pid
        wait_until(lambda: len(confirmed) > before + 30, 60, "more are handed in afterwards")
    stack.wait_settled()
    events = invariants.all_stored(stack)
    invariants.check_confirmed(confirmed, events)
    invariants.check_sequences(events)
    invariants.check_published(stack, events)
    assert len({one.dossier_code for one in confirmed}) == len(confirmed)
    assert stack.motcua("rebuild", "intake", "--check", "--json")["equal"]


def test_fault_04_a_killed_rebuild_is_as_if_it_never_was(stack: Stack) -> None:
    """The service goes on with what it had; a second rebuild ends, nothing is sent."""
    service = "notify"
    with walking(stack) as walk:
        codes = {walk.accepted().dossier_code for _ in range(3)}
    stack.wait_settled()
    mails = len(stack.mails())
    before = _rows(stack, service)
    fresh = stack.folder / f"{service}.sqlite3.rebuild" / f"{service}.sqlite3"
    pid = stack.pid(service)
    child = _begin(stack, service)
    try:
        wait_until(fresh.exists, 60, "it has begun")
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert _rows(stack, service) == before

    assert stack.motcua("rebuild", service, "--json")["events"] > 0
    assert stack.pid(service) == pid
    stack.wait_settled()
    assert _rows(stack, service) == before
    assert stack.motcua("rebuild", service, "--check", "--json")["equal"]
    assert not list(stack.folder.glob("*.rebuild*"))
    assert len(stack.mails()) == mails
    with walking(stack) as walk:
        assert all(walk.dossier(code).accepted_at.seconds for code in codes)


def _begin(stack: Stack, service: str) -> subprocess.Popen[bytes]:
    log: Path = stack.folder.with_name(f"{stack.folder.name}-rebuild.log")
    command = list(program("cli.main", "rebuild", service))
    return spawn(command, log=log, death_signal=signal.SIGKILL, env=stack.env)


def _rows(stack: Stack, service: str) -> dict[str, int]:
    """Count a service's own events and its streams."""
    with stack.store(service) as engine, engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("events", "streams")
        }
