"""One program under supervision: started, and again when it dies, slower when it keeps dying."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from infra.local.child import spawn
from infra.supervisor.backoff import Backoff
from infra.supervisor.plan import Program

WRONG_SETTINGS = 2
"""The exit status by which a program reports wrong settings or arguments."""
RETRY = 5.0
"""Seconds until a program is tried again that the system did not start."""


class WrongSettings(Exception):
    """A program refuses its settings; the text is the last line of its log."""


class SupervisedProgram:
    """One program under supervision. Not thread-safe: the supervisor's loop calls it."""

    def __init__(self, program: Program, log_dir: Path, grace: float) -> None:
        """``grace``: seconds from SIGTERM to SIGKILL."""
        self.program = program
        self.log = log_dir / f"{program.name}.log"
        self._backoff = Backoff()
        self._grace = grace
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._next_start = 0.0
        self._kill_at: float | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    @property
    def deaths(self) -> int:
        """How often it died in a row, each time soon after its start."""
        return self._backoff.deaths

    @property
    def looping(self) -> bool:
        """Whether it keeps dying soon after its start."""
        return self._backoff.looping

    def tick(self) -> str:
        """Start it if that is due, and return a line to print when it has died, otherwise nothing.

        Raise ``WrongSettings`` when it refuses its settings at its first start.
        """
        now = time.monotonic()
        if self._process is not None:
            status = self._process.poll()
            if status is None:
                self._backoff.lives(now - self._started)
                return ""
            return self._died(status, now)
        if now >= self._next_start:
            try:
                self._start(now)
            except OSError as error:  # its log can't be opened: the disk is full
                self._next_start = now + RETRY
                return f"{self.program.name} does not start: {error.strerror}; trying again"
        return ""

    def _start(self, now: float) -> None:
        command, env = list(self.program.command), self.program.env
        self._process = spawn(command, log=self.log, death_signal=signal.SIGKILL, env=env)
        self._started = now
        self._kill_at = None

    def _died(self, status: int, now: float) -> str:
        self._process = None
        first = self._next_start == 0.0
        wait = self._backoff.died(now - self._started)
        self._next_start = now + wait
        if first and status == WRONG_SETTINGS:
            raise WrongSettings(last_line(self.log))
        how = f"signal {-status}" if status < 0 else f"status {status}"
        name = self.program.name
        if not self.looping:
            return f"{name} ended ({how}); starting it again"
        again = f"next start in {wait:.0f} s" if wait else "starting it again"
        return f"{name} keeps ending ({how}, {self.deaths} times); {again}, see {self.log}"

    def ask_to_stop(self) -> None:
        """Send SIGTERM; does nothing when it does not run or was asked before."""
        if self.pid is not None and self._process is not None and self._kill_at is None:
            self._process.terminate()
            self._kill_at = time.monotonic() + self._grace

    def ended(self) -> bool:
        """Return whether it has ended after it was asked to; by force when its time is up."""
        if self._process is None:
            return True
        if self._process.poll() is None:
            if self._kill_at is not None and time.monotonic() > self._kill_at:
                self._process.kill()
            return False
        self._process = None
        self._next_start = 0.0
        self._backoff = Backoff()
        return True


def last_line(log: Path) -> str:
    """Return the last line of a log that is not blank."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
