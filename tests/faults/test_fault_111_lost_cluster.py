"""Fault 111: the broker's disk is lost, with all that was on it, and there is an archive.

An outside ledger has every dossier that a citizen was given a code for. With the databases each of
them is there in the end, once; without these those of the archive are, and the restore was killed
in between.
"""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from infra.local.child import spawn
from kernel.eventsourcing.envelope import type_name
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.stack import Stack, program, running
from tests.support.walk import submission

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
CITIZEN = metadata("citizen", "mai")
PATIENCE = 90.0


class Office:
    """A stack, its archive, and the ledger of what it has confirmed."""

    def __init__(self, stack: Stack, archive: Path) -> None:
        self.stack = stack
        self.archive = archive
        self.ledger: list[str] = []

    def submit(self, count: int) -> None:
        """Hand in dossiers, and wait until all services know them."""
        with self.stack.channel("intake") as channel:
            stub = IntakeServiceStub(channel)
            for _ in range(count):
                answer = stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
                self.ledger.append(answer.dossier_code)
        self.stack.wait_settled()

    def lose(self, *names: str) -> None:
        """Stop everything, and lose the broker's data and other parts of the folder."""
        assert self.stack.stop() == 0, self.stack.story()
        shutil.rmtree(self.stack.folder / "kafka")
        for name in names:
            for path in self.stack.folder.glob(name):
                path.unlink()

    def restored(self) -> int:
        """Restore, and return how many records were written."""
        found = self.stack.motcua("restore", str(self.archive), "--json", timeout=PATIENCE)
        assert found["ok"]
        written: int = found["written"]
        return written

    def submitted(self) -> list[str]:
        """Return the dossiers that are on the log."""
        return sorted(
            event.stream_id
            for event in log_of(self.stack.bootstrap, self.stack.topic)
            if type_name(event) == DossierSubmitted.DESCRIPTOR.full_name
        )

    def check(self) -> None:
        """Compare the ledger with the log, which takes events as before."""
        self.submit(1)
        assert self.submitted() == sorted(self.ledger)
        for row in rows(self.stack):
            assert (row["quarantined"], row["halted"]) == (0, ""), row
        assert self.stack.motcua("verify", "--json")["ok"]
        assert self.stack.motcua("log", "check", "--json")["ok"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A stack with some dossiers."""
    folder = tmp_path_factory.mktemp("office")
    with running(folder) as stack:
        made = Office(stack, folder / "archive")
        made.submit(4)
        yield made


def test_with_the_databases_nothing_is_lost(office: Office) -> None:
    """The archive gives back what it has, and a repair the rest. While services run nothing is
    restored, and what is added to the log is added to the archive.
    """
    stack = office.stack
    first = stack.motcua("archive", str(office.archive), "--json", timeout=PATIENCE)
    office.submit(2)
    assert stack.motcua("archive", str(office.archive), "--json")["added"] > 0
    checked = stack.motcua("archive", str(office.archive), "--check", "--json")
    assert checked["records"] > first["added"]
    office.submit(3)
    office.lose()
    assert office.restored() == checked["records"]
    stack.start()
    wait_until(
        lambda: all("the log ends" in (r.get("halted") or "") for r in rows(stack)), PATIENCE
    )
    plan = json.loads(stack.run("log", "repair", "--json", timeout=PATIENCE).stdout)
    arguments = ("--plan", plan["plan"], "--approved-by", "Lan", "--json")
    assert stack.motcua("log", "repair", *arguments, timeout=PATIENCE)["ok"]
    stack.wait_ready()
    office.check()


def rows(stack: Stack) -> list[dict[str, Any]]:
    """Return the services' rows of the status."""
    found: list[dict[str, Any]] = stack.status()["services"]
    return found


def test_without_the_databases_the_archive_is_whole(office: Office) -> None:
    """Each service makes its tables again. The keys are not in the archive: they are kept apart."""
    stack = office.stack
    stack.motcua("archive", str(office.archive), "--json", timeout=PATIENCE)
    archived = office.submitted()
    office.submit(2)
    office.lose("[!k]*.sqlite3*")
    assert (stack.folder / "keyring.sqlite3").exists()
    _kill_within(office)
    assert office.restored() > 0
    assert office.restored() == 0
    stack.start()
    stack.wait_ready()
    assert office.submitted() == archived
    office.ledger = archived
    office.check()


def _kill_within(office: Office) -> None:
    """Begin to restore, and kill it once the topic is there."""
    stack = office.stack
    process = spawn(
        [*program("cli.main", "restore", str(office.archive))],
        log=stack.folder / "restore.log",
        death_signal=signal.SIGKILL,
        env=stack.env,
    )
    topics = stack.folder / "kafka" / "log"
    made = f"{stack.topic}-0"
    wait_until(lambda: (topics / made).is_dir() or process.poll() is not None, PATIENCE, made)
    process.kill()
    process.wait()


def test_nothing_is_restored_over_what_is_there(office: Office, tmp_path: Path) -> None:
    """Neither beside services that run elsewhere, nor into a log that has gone on."""
    stack = office.stack
    stack.motcua("archive", str(office.archive), "--json", timeout=PATIENCE)
    office.submit(1)
    before = log_of(stack.bootstrap, stack.topic)
    refused = stack.run("restore", str(office.archive), timeout=PATIENCE)
    assert refused.returncode == 1
    assert "has other records than the archive" in " ".join(refused.stderr.split())
    stack.wait_ready()
    assert log_of(stack.bootstrap, stack.topic) == before
    nothing = stack.run("restore", str(tmp_path / "nothing"))
    assert (nothing.returncode, "holds no archive" in nothing.stderr) == (1, True)
