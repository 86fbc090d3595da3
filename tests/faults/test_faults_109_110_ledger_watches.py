"""Faults 109 and 110: what the desk can't know of its log, or nobody has signed for too long.

A snapshot of the machine with the broker and the desk is put back, audit's database is elsewhere:
broker and desk agree, and both have forgotten dossiers that citizens have codes for. And audit
signs nothing any more.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.operations.v1.operations_pb2 import HaltReason

from kernel.rpc.client import explain
from tests.support.feed import wait_until
from tests.support.log_repairs import CITIZEN, PATIENCE, Office
from tests.support.stack import Stack, running
from tests.support.walk import submission

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]
AGE = 20.0
"""Long enough for checkpoints of each second, also on a machine that is busy."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A stack that signs each second."""
    settings = {"MOTCUA_CHECKPOINT_SECONDS": "1", "MOTCUA_LEDGER_STALE_SECONDS": str(AGE)}
    with running(tmp_path_factory.mktemp("office"), settings=settings) as stack:
        yield Office(stack)


def snapshot(folder: Path, target: Path) -> None:
    """Copy what lies on the disk of broker and desk, which don't run."""
    target.mkdir()
    shutil.copytree(folder / "kafka" / "log", target / "log")
    for file in folder.glob("intake.sqlite3*"):
        shutil.copy(file, target)


def put_back(source: Path, folder: Path) -> None:
    """Put such a copy back."""
    shutil.rmtree(folder / "kafka" / "log")
    shutil.copytree(source / "log", folder / "kafka" / "log")
    for file in folder.glob("intake.sqlite3*"):
        file.unlink()
    for file in source.glob("intake.sqlite3*"):
        shutil.copy(file, folder)


def records_of(stack: Stack) -> int:
    """Return how many records the log has."""
    reader = KafkaConsumer(bootstrap_servers=stack.bootstrap, group_id=None)
    try:
        numbers = reader.partitions_for_topic(stack.topic) or ()
        ends = reader.end_offsets([TopicPartition(stack.topic, number) for number in numbers])
        return sum(ends.values())
    finally:
        reader.close()


def wait_signed(office: Office) -> None:
    """Wait until audit has signed all of the log."""
    stack = office.stack

    def signed() -> bool:
        found = stack.motcua("checkpoint", "--json")
        return sum(int(each["size"]) for each in found) == records_of(stack)

    wait_until(signed, PATIENCE, "all is signed")


def test_fault_109_broker_and_desk_put_back_together(office: Office) -> None:
    """The desk gives no code before it has asked audit, says why it gives none then, and has again
    what it had forgotten once the log is repaired: no code is given twice.
    """
    stack = office.stack
    office.submit(3)
    assert stack.stop() == 0
    snapshot(stack.folder, stack.folder / "snapshot")
    stack.start()
    stack.wait_ready()
    office.submit(5)
    wait_signed(office)
    assert stack.stop() == 0
    put_back(stack.folder / "snapshot", stack.folder)
    stack.start()
    known = len(office.ledger)
    office.wait_refused()
    assert len(office.ledger) == known
    [desk] = [row for row in office.rows() if row["name"] == "intake"]
    assert "the log ends before what the ledger has of partition" in desk["halted"]
    shown = stack.run("status")
    assert (shown.returncode, "`motcua log repair` gives it back" in shown.stdout) == (1, True)
    office.repair(plan=office.plan()["plan"])
    office.check()
    assert len(set(office.ledger)) == len(office.ledger)


def test_fault_110_nothing_is_signed_for_too_long(office: Office) -> None:
    """No dossier is taken that nobody could prove; officers' work goes on, and when audit is back
    the desk goes on by itself.
    """
    stack = office.stack
    office.submit(1)
    wait_signed(office)
    pid = stack.pid("audit")
    assert pid is not None
    audit = psutil.Process(pid)
    audit.send_signal(signal.SIGSTOP)
    try:
        office.hand_in(1)
        wait_until(lambda: _stalled(office), PATIENCE, "the desk refuses")
        rows = {row["name"]: row for row in office.rows()}
        reason = HaltReason.Name(HaltReason.HALT_REASON_LEDGER_STALLED)
        assert f"HALT_REASON_{rows['intake']['halt_reason']}" == reason
        assert "does not answer" in rows["intake"]["halted"]
        assert rows["routing"]["ready"]
    finally:
        audit.send_signal(signal.SIGCONT)
    stack.wait_ready()
    office.check()


def _stalled(office: Office) -> bool:
    """Return whether a dossier is refused for the ledger's sake; one that is not has a code."""
    with office.stack.channel("intake") as channel:
        try:
            answer = IntakeServiceStub(channel).SubmitDossier(
                submission(), timeout=20, metadata=CITIZEN
            )
        except grpc.RpcError as error:
            return explain(error).reason == "LEDGER_STALLED"
    office.ledger.append(answer.dossier_code)
    return False
