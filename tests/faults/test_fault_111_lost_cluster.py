"""Fault 111: the broker's disk is lost, with all that was on it, and there is an archive.

An outside ledger has every dossier that a citizen was given a code for. With the databases each of
them is there in the end, once; without these those of the archive are, and the restore was killed
in between.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.child import spawn
from tests.support.feed import log_of, wait_until
from tests.support.log_repairs import PATIENCE, Office, submitted
from tests.support.stack import Stack, program, running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


class Archived(Office):
    """An office with an archive of its log."""

    def __init__(self, stack: Stack, archive: Path) -> None:
        super().__init__(stack)
        self.archive = archive

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

    def on_log(self) -> list[str]:
        """Return the dossiers that are on the log."""
        return submitted(log_of(self.stack.bootstrap, self.stack.topic))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    """A stack with some dossiers."""
    folder = tmp_path_factory.mktemp("office")
    with running(folder) as stack:
        made = Archived(stack, folder / "archive")
        made.submit(4)
        yield made


def test_with_the_databases_nothing_is_lost(office: Archived) -> None:
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
        lambda: all("the log ends" in (r.get("halted") or "") for r in office.rows()), PATIENCE
    )
    office.repair(plan=office.plan()["plan"])
    office.check()


def test_without_the_databases_the_archive_is_whole(office: Archived) -> None:
    """Each service makes its tables again. The keys are not in the archive: they are kept apart."""
    stack = office.stack
    stack.motcua("archive", str(office.archive), "--json", timeout=PATIENCE)
    archived = office.on_log()
    office.submit(2)
    office.lose("[!k]*.sqlite3*")
    assert (stack.folder / "keyring.sqlite3").exists()
    _kill_within(office)
    assert office.restored() > 0
    assert office.restored() == 0
    stack.start()
    stack.wait_ready()
    assert office.on_log() == archived
    office.ledger = archived
    office.check()


def _kill_within(office: Archived) -> None:
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


def test_nothing_is_restored_over_what_is_there(office: Archived, tmp_path: Path) -> None:
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
