"""Fault 71: the broker's disk is full. The supervisor says so and lives on; when there is space
again, the broker is started, with all that it had acknowledged.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psutil
import pytest
from kafka.errors import KafkaError

from cli.stack.status import collect
from infra.local.ports import free_port
from infra.supervisor.state import read_state
from kernel.config.common_settings import EVENTS
from kernel.kafka.clients import make_producer
from tests.support.feed import wait_until
from tests.support.invariants import records
from tests.support.paths import ROOT
from tests.support.small_disk import SmallDisk, python

pytestmark = pytest.mark.faults
FULL = "is full"


def test_the_broker_comes_back_when_there_is_space(tmp_path: Path) -> None:
    """Its death is noticed, named in the status and in the log, and mended without a person."""
    port = free_port()
    folder = tmp_path / "stack"
    with SmallDisk(folder, 96) as disk:
        command = python("tests.support.broker_alone", str(folder), str(port))
        disk.start(command, {"PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"})
        wait_until(lambda: broker_pid(disk) is not None, 120, "the broker runs")
        first = broker_pid(disk)
        acknowledged = send(port, [b"before %d" % number for number in range(50)])
        assert len(acknowledged) == 50
        disk.fill()
        while psutil.pid_exists(first or 0):
            acknowledged += send(port, [b"x" * 100_000])
        wait_until(lambda: FULL in problem(disk), 120, "the status says so")
        assert not collect(disk.root)["ready"]
        assert FULL in disk.log.read_text()
        assert disk.runs
        disk.free()
        wait_until(lambda: broker_pid(disk) not in (None, first), 120, "the broker runs again")
        wait_until(lambda: "ready again" in disk.log.read_text(), 120, "it is ready")
        acknowledged += send(port, [b"after"])
        stored = {record.value for record in records(f"127.0.0.1:{port}", EVENTS)}
        assert stored >= set(acknowledged)
        wait_until(lambda: not problem(disk), what="the status says so")
        assert "Traceback" not in disk.log.read_text()


def broker_pid(disk: SmallDisk) -> int | None:
    """Return the process id that the supervisor publishes."""
    try:
        pid: int | None = read_state(disk.root).get("kafka", {}).get("pid")
    except FileNotFoundError:  # the disk is not mounted yet
        return None
    return pid


def problem(disk: SmallDisk) -> str:
    """Return why the broker can't run, as the status has it."""
    found: str = collect(disk.root)["kafka"]["problem"]
    return found


def send(port: int, values: list[bytes]) -> list[bytes]:
    """Send values, and return those that the broker has acknowledged."""
    try:
        producer = make_producer(
            f"127.0.0.1:{port}",
            acks="all",
            bootstrap_timeout_ms=2_000,
            request_timeout_ms=2_000,
            delivery_timeout_ms=3_000,
        )
    except KafkaError:
        return []
    with closing(producer):
        futures = [(value, producer.send(EVENTS, value)) for value in values]
        return [value for value, future in futures if _acknowledged(future)]


def _acknowledged(future: object) -> bool:
    try:
        future.get(timeout=5)  # type: ignore[attr-defined]
    except KafkaError:
        return False
    return True
