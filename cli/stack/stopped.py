"""Keeps services stopped while something is done that they must not see half done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.grpc_clients import status_of
from cli.stack.addresses import target
from cli.stack.plan import SERVICES
from infra.supervisor import state

STOPPED_WITHIN = 30.0
"""Seconds in which a service has to stop."""


class StillRunning(Exception):
    """A service has to be stopped first; the text says which."""


def require_none_answers() -> None:
    """Raise ``StillRunning`` naming a service that answers, whoever has started it."""
    for service in SERVICES:
        if status_of(service, timeout=1.0) is not None:
            raise StillRunning(f"{service} runs at {target(service).address}: stop it first")


@contextmanager
def stopped(folder: Path, service: str) -> Iterator[None]:
    """Have the supervisor keep the service stopped during the block.

    Without a supervisor, nothing is to be stopped.
    """
    state.hold(folder, service)
    try:
        end = time.monotonic() + STOPPED_WITHIN
        while state.supervisor_pid(folder) is not None and _pid(folder, service) is not None:
            if time.monotonic() > end:
                raise TimeoutError(f"{service} does not stop")
            time.sleep(0.1)
        yield
    finally:
        state.release(folder, service)


def _pid(folder: Path, service: str) -> int | None:
    for program in state.read_state(folder).get("programs", []):
        if program["name"] == service:
            pid: int | None = program["pid"]
            return pid
    return None
