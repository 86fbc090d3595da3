"""The thread that keeps the broker running outlives whatever its start raises."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

from infra.local.kafka import DiskFull
from infra.supervisor.supervised_broker import SupervisedBroker
from tests.support.feed import wait_until


class Broker:
    """A broker whose starts fail as the test says, in order, and then succeed."""

    def __init__(self, folder: Path, faults: list[Exception]) -> None:
        self.data_dir = folder
        self.log_file = folder / "server.log"
        self.pid: int | None = None
        self._faults = faults
        self.starts = 0
        self.ended = threading.Event()

    def start(self) -> None:
        """Start, unless that is to fail."""
        self.starts += 1
        if self.starts > 1 and self._faults:
            raise self._faults.pop(0)
        self.pid = 1

    def stop(self) -> None:
        """Stop."""
        self.pid = None
        self.ended.set()


def test_it_is_started_again_after_any_fault(tmp_path: Path) -> None:
    """Each reason is published while it lasts, and printed once."""
    full = DiskFull(f"the disk of {tmp_path} is full")
    faults = [full, full, OSError(errno.ENOSPC, "No space left on device"), RuntimeError("odd")]
    broker: Any = Broker(tmp_path, list(faults))
    lines: list[str] = []
    supervised = SupervisedBroker(broker, lines.append)
    supervised.start()
    assert supervised.problem == ""
    broker.pid = None
    wait_until(lambda: broker.pid is not None, 120)
    wait_until(lambda: "ready again" in lines[-1])
    assert supervised.problem == ""
    assert broker.starts == 2 + len(faults)
    assert [line for line in lines if "does not start" in line] == [
        f"kafka does not start: {full}",
        "kafka does not start: [Errno 28] No space left on device",
        "kafka does not start: odd",
    ]
    supervised.stop()
    assert broker.ended.is_set()
