"""What the supervisor publishes of the stack, and the lock by which a folder has one supervisor."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import psutil

STATE_FILE = "stack.json"
PATIENCE = 1.0
"""Seconds after which a lock is a supervisor's: who only looks has it for an instant."""
HOLD = "hold"


class AlreadyRunning(Exception):
    """Another supervisor has this data folder."""


def acquire(data_dir: Path) -> TextIO:
    """Take the folder for this process until it ends; raise ``AlreadyRunning`` when taken."""
    data_dir.mkdir(parents=True, exist_ok=True)
    handle = (data_dir / "stack.lock").open("a+")
    end = time.monotonic() + PATIENCE
    while not _locked(handle):
        if time.monotonic() > end:
            handle.close()
            raise AlreadyRunning(f"a stack is already running on {data_dir}")
        time.sleep(0.05)
    handle.seek(0)
    handle.truncate()
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def _locked(handle: TextIO) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def supervisor_pid(data_dir: Path) -> int | None:
    """Return the process id of the supervisor that has this folder, or None."""
    path = data_dir / "stack.lock"
    if not path.exists():
        return None
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            text = handle.read().strip()
            return int(text) if text.isdigit() else None
    return None


def write_state(data_dir: Path, stack: dict[str, Any]) -> None:
    """Publish what runs; a reader sees the old or the new state, never half of one."""
    path = data_dir / STATE_FILE
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(stack, indent=1, sort_keys=True))
    fresh.replace(path)


def read_state(data_dir: Path) -> dict[str, Any]:
    """Return what was last published; empty when nothing was."""
    try:
        stack: dict[str, Any] = json.loads((data_dir / STATE_FILE).read_text())
    except FileNotFoundError:
        return {}
    return stack


def hold(data_dir: Path, service: str) -> Path:
    """Ask the supervisor to stop a service and leave it stopped until ``release``; return the
    file that asks. Each process holds by itself: the service is started when none does any more.
    """
    path = _hold_file(data_dir, service)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another release took the folder away just now
            path.touch()
            return path


def release(data_dir: Path, service: str) -> None:
    """Hold a service no more; nothing is left when it was the last one, also of processes that were
    killed.
    """
    _hold_file(data_dir, service).unlink(missing_ok=True)
    for path in (data_dir / HOLD).glob(f"{service}.*"):
        if not _holds(path):
            path.unlink(missing_ok=True)
    with suppress(OSError):  # another service is being held
        (data_dir / HOLD).rmdir()


def held(data_dir: Path, service: str) -> bool:
    """Return whether a service is being held by a process that is still there."""
    return any(map(_holds, (data_dir / HOLD).glob(f"{service}.*")))


def _holds(path: Path) -> bool:
    holder = path.suffix[1:]
    return holder.isdigit() and psutil.pid_exists(int(holder))


def _hold_file(data_dir: Path, service: str) -> Path:
    return data_dir / HOLD / f"{service}.{os.getpid()}"
