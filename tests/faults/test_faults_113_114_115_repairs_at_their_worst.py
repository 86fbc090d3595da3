"""Faults 113 to 115: the log is repaired while something else is wrong, too.

An outside ledger has every dossier that a citizen was given a code for; in the end each of them is
on the log and with every service, once.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.child import spawn
from tests.support.feed import wait_until
from tests.support.log_repairs import PATIENCE, Office
from tests.support.stack import Stack, program, running

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
AT_ONCE = 3
OTHERS = ("intake", "routing", "notify", "audit")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A stack with some dossiers, and a copy of its broker's data from before."""
    with running(tmp_path_factory.mktemp("office")) as stack:
        made = Office(stack)
        made.submit(4)
        shutil.copytree(_log(stack), _older(stack))
        yield made


def _log(stack: Stack) -> Path:
    return stack.folder / "kafka" / "log"


def _older(stack: Stack) -> Path:
    """Return where the broker's data is from when the log had fewer records."""
    return stack.folder / "older"


def _put_back(office: Office, *lost: str) -> None:
    """Start everything again on the older log, without some services' databases."""
    stack = office.stack
    office.submit(3)
    assert stack.stop() == 0
    shutil.rmtree(_log(stack))
    shutil.copytree(_older(stack), _log(stack))
    _lose(stack, *lost)
    stack.start()


def _lose(stack: Stack, *services: str) -> None:
    for service in services:
        for file in stack.folder.glob(f"{service}.sqlite3*"):
            file.unlink()


def _halted(office: Office) -> dict[str, str]:
    """Return by service why it is halted."""
    return {row["name"]: row.get("halted") or "" for row in office.rows()}


def test_fault_113_several_repairs_at_once(office: Office) -> None:
    """One is carried out; the others find that out in words, and write nothing."""
    _put_back(office)
    office.wait_refused()
    plan = office.plan()["plan"]
    stack = office.stack
    logs = [stack.folder / f"repair-{number}.log" for number in range(AT_ONCE)]
    repairs = [
        spawn(
            [*program("cli.main", "log", "repair", "--plan", plan, "--approved-by", "Lan")],
            log=log,
            death_signal=signal.SIGKILL,
            env=stack.env,
        )
        for log in logs
    ]
    codes = [repair.wait(PATIENCE) for repair in repairs]
    printed = [log.read_text() for log in logs]
    assert 0 in codes, printed
    assert set(codes) <= {0, 1}, printed
    assert all("Traceback" not in text for text in printed), printed
    office.check()


def test_fault_114_the_desk_s_database_is_lost_with_the_end_of_the_log(office: Office) -> None:
    """What the desk has written comes from audit's record."""
    _put_back(office, "intake")
    office.wait_refused()
    found = office.plan()
    assert found["to_write"] > 0
    office.repair(plan=found["plan"])
    office.check()


def test_fault_115_a_damaged_segment(office: Office) -> None:
    """Bytes in the middle of the broker's file are others than those that it has written. Who has
    read them goes on; who has to read them halts, and says why.
    """
    stack = office.stack
    office.submit(1)
    assert stack.stop() == 0
    segments = sorted(_log(stack).glob(f"{stack.topic}-*/*.log"), key=lambda f: f.stat().st_size)
    damaged = bytearray(segments[-1].read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 64] = bytes(64)
    segments[-1].write_bytes(damaged)
    _lose(stack, "postal")
    stack.start()
    wait_until(lambda: "is damaged" in _halted(office)["postal"], PATIENCE, "postal says why")
    wait_until(lambda: not any(_halted(office)[name] for name in OTHERS), PATIENCE, "others go on")
    office.hand_in(1)
    for command in (["verify"], ["rebuild", "routing", "--check"], ["log", "check"]):
        done = stack.run(*command)
        assert done.returncode == 1, done
        assert "of the log is damaged" in done.stdout + done.stderr, done
        assert "Traceback" not in done.stderr
    office.plan(refused="give a new topic with --to NAME")
    name = f"{stack.topic}.sound"
    office.repair("--to", name, plan=office.plan("--to", name)["plan"])
    office.restart_on(name)
    office.check()
