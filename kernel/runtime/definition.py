"""What a service is: the one value from which a process of it, a rebuild and a test are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from kernel.auth.permissions import Permissions
from kernel.base.clock import Clock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.rpc.registration import Service
from kernel.runtime.periodic_tasks import PeriodicTask


class Worker(Protocol):
    """A thread of a service's own, such as one that calls outside."""

    def start(self) -> None:
        """Start the thread."""
        ...

    def stop(self) -> None:
        """Finish what is in hand and end the thread."""
        ...


@dataclass(frozen=True)
class Runtime:
    """What the kernel gives a service to be composed of."""

    settings: Settings
    clock: Clock
    model: Model
    writer: Writer
    commands: Commands
    reads: Reads
    engine: Engine
    """Reads only; safe to use from any thread."""
    keyring: Keyring
    caught_up: Callable[[], bool]
    """Whether the log was read to where it ended at the start; who calls outside waits for it."""


@dataclass(frozen=True)
class Parts:
    """What a service is composed of."""

    servicers: Sequence[Service]
    watches: Sequence[PeriodicTask] = ()
    workers: Sequence[Worker] = ()


@dataclass(frozen=True)
class ServiceDefinition:
    """One service, whole: its business, who may call it, and how a process of it is composed.

    Each service has ``definition.define(settings)``, which returns one and raises ``ValueError``
    that names the setting or the file that can't be used.
    """

    model: Model
    permissions: Permissions
    build: Callable[[Runtime], Parts]
    """Called once in a process, when its store is open; raises ``ValueError`` likewise."""


Define = Callable[[Settings], ServiceDefinition]
