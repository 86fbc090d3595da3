"""A process in which contents of strangers are looked at: with little memory, for a short time, and
without this process's environment.

The process is a module that calls ``child.serve``. What it does to itself by a content ends it and
nothing else; the next content gets a fresh one.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Final, Self

_PIPE: Final = 1024 * 1024
"""Bytes of a pipe, where the system has that: with fewer, the processes wait for each other."""
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONSAFEPATH", "LANG", "SYSTEMROOT")


class Overrun(Exception):
    """The process has used up its memory or its time, or has died."""


class ConfinedWorkers:
    """Processes of one module, made when they are needed and used again; thread-safe."""

    def __init__(self, module: str, *, memory: int, seconds: int) -> None:
        """``memory`` are the bytes of address space of a process; ``seconds`` of processor time for
        each content, and twice as many altogether once it has all of it.
        """
        self.seconds = seconds
        self._command = (sys.executable, "-m", module, str(memory), str(seconds))
        self.environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._closed = False

    def look(self, about: dict[str, Any]) -> Look:
        """Begin to look at one content, of which the process is told ``about``."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        return Look(self, process or self._started(), about)

    def give_back(self, process: subprocess.Popen[bytes]) -> None:
        """Keep a process for the next content."""
        with self._lock:
            if not self._closed:
                self._idle.append(process)
                return
        end(process)

    def close(self) -> None:
        """End the processes that are idle; others end when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            end(process)

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            cwd="/",
            pipesize=_PIPE,
        )


class Look:
    """One content under way to a process; a context manager that ends the process unless its
    verdict was read.
    """

    def __init__(
        self, workers: ConfinedWorkers, process: subprocess.Popen[bytes], about: dict[str, Any]
    ) -> None:
        self._workers = workers
        self._process = process
        self._done = False
        self._overrun = False
        self.feed(json.dumps(about).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._done:
            self._workers.give_back(self._process)
        else:
            end(self._process)

    def feed(self, piece: bytes) -> None:
        """Hand the next piece of the content over."""
        if self._overrun:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(piece)
            self._process.stdin.flush()
        except BrokenPipeError:
            self._overrun = True  # it is told with the verdict

    def verdict(self) -> str:
        """Return what the process says of the content, all of which it has; raise ``Overrun``."""
        found = self._process.stdout
        assert found is not None
        ready = not self._overrun and select.select([found], [], [], 2 * self._workers.seconds)[0]
        line = found.readline() if ready else b""
        if not line.endswith(b"\n"):
            raise Overrun
        self._done = True
        return str(json.loads(line))


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process at once."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                pass
