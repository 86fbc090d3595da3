"""Where the services listen: one answer for all commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cli.stack.paths import data_dir
from infra.supervisor import state
from office.ports import PORTS


def address(service: str) -> str:
    """Return HOST:PORT of a service in the stack that runs on the data folder.

    Without such a stack, as the environment has it.
    """
    return published(running_stack(data_dir())).get(service) or environment_address(service)


def running_stack(folder: Path) -> dict[str, Any]:
    """Return what the supervisor of a data folder publishes; empty when none runs."""
    return state.read_state(folder) if state.supervisor_pid(folder) is not None else {}


def published(stack: dict[str, Any]) -> dict[str, str]:
    """Return the address of each program of a running stack."""
    return {program["name"]: program["address"] for program in stack.get("programs", [])}


def environment_address(service: str) -> str:
    """Return HOST:PORT of a service as the environment has it, or its default."""
    host = os.environ.get("MOTCUA_HOST") or "127.0.0.1"
    return f"{host}:{os.environ.get(f'{service.upper()}_PORT') or PORTS[service]}"
