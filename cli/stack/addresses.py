"""Where the services listen: one answer for all commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cli.settings import settings
from infra.supervisor import state


def address(service: str) -> str:
    """Return HOST:PORT of a service in the stack that runs on the data folder.

    Without such a stack, as the environment has it.
    """
    given = settings()
    return published(running_stack(given.data_dir)).get(service) or given.address(service)


def running_stack(folder: Path) -> dict[str, Any]:
    """Return what the supervisor of a data folder publishes; empty when none runs."""
    return state.read_state(folder) if state.supervisor_pid(folder) is not None else {}


def published(stack: dict[str, Any]) -> dict[str, str]:
    """Return the address of each program of a running stack."""
    return {program["name"]: program["address"] for program in stack.get("programs", [])}
