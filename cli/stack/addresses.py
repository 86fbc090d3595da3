"""Where the services listen: one answer for all commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cli.printer import fail
from cli.settings import settings
from infra.supervisor import state
from kernel.config.client_settings import Target
from kernel.config.environment import SettingsError
from kernel.kafka.cluster import Cluster


def target(service: str) -> Target:
    """Return how to call a service in the stack that runs on the data folder.

    Without such a stack, as the environment has it; end the command with status 2 where that would
    be in the clear and must not.
    """
    given = settings()
    if local := published(running_stack(given.data_dir)).get(service):
        return Target(local, tls=False)
    try:
        return given.target(service)
    except SettingsError as error:
        fail(str(error))
        raise typer.Exit(2) from error


def running_stack(folder: Path) -> dict[str, Any]:
    """Return what the supervisor of a data folder publishes; empty when none runs."""
    return state.read_state(folder) if state.supervisor_pid(folder) is not None else {}


def kafka_away(cluster: Cluster) -> str:
    """Return what a command says when no broker answers."""
    return f"Kafka does not answer at {cluster.servers}; is it running? (motcua status)"


def published(stack: dict[str, Any]) -> dict[str, str]:
    """Return the address of each program of a running stack."""
    return {program["name"]: program["address"] for program in stack.get("programs", [])}
