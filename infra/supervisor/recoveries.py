"""Reports when a program that had died is ready again, and how long that took."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from infra.supervisor.plan import Program

INTERVAL = 0.1
"""Seconds between two looks."""
_PATIENCE = 1.0


def listens(program: Program) -> bool:
    """Return whether something listens at a program's address."""
    host, _, port = program.address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except OSError:
        return False
    return True


class Recoveries:
    """Waits for programs beside the supervisor's loop; one line each, however often it dies."""

    def __init__(
        self, report: Callable[[str], None], ready: Callable[[Program], bool] = listens
    ) -> None:
        self._report = report
        self._ready = ready
        self._ending = threading.Event()
        self._awaited: set[str] = set()

    def died(self, program: Program) -> None:
        """Note a death; from the supervisor's loop only."""
        if program.name in self._awaited:
            return
        self._awaited.add(program.name)
        threading.Thread(
            target=self._wait, args=(program, time.monotonic()), name="recovery", daemon=True
        ).start()

    def end(self) -> None:
        """Wait for nothing any more."""
        self._ending.set()

    def _wait(self, program: Program, since: float) -> None:
        while not self._ending.wait(INTERVAL):
            if self._ready(program):
                self._awaited.discard(program.name)
                seconds = time.monotonic() - since
                self._report(f"{program.name} is ready again after {seconds:.1f} s")
                return
