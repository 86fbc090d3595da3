"""The definition of a service: the value from which a process, a rebuild and a test are made."""

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
from kernel.ledger.ledger_watch import LedgerSource
from kernel.rpc.registration import Service
from kernel.runtime.periodic_tasks import PeriodicTask
from kernel.telemetry.metrics import Instrument


class Worker(Protocol):
    """A thread of a service's own, such as one that calls an external system."""

    def start(self) -> None:
        """Start the thread."""
        ...

    def stop(self) -> None:
        """Finish the work under way and end the thread; blocks until then."""
        ...


@dataclass(frozen=True)
class Runtime:
    """The kernel's parts that a service is composed with."""

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
    """Whether the log was read to where it ended at the start; calls to external systems wait for
    it.
    """


@dataclass(frozen=True)
class Parts:
    """The parts that a service adds to a process."""

    servicers: Sequence[Service]
    periodic_tasks: Sequence[PeriodicTask] = ()
    workers: Sequence[Worker] = ()


@dataclass(frozen=True)
class ServiceDefinition:
    """One service: its model, its permissions, its metrics, and how a process is composed.

    Each service has ``definition.define(settings)``, which takes the service's own settings,
    returns one and raises ``ValueError`` that names the file that can't be used, and the variable
    that names the file.
    """

    model: Model
    permissions: Permissions
    build: Callable[[Runtime], Parts]
    """Called once in a process, when its database is open; raises ``ValueError`` likewise."""
    metrics: Sequence[Instrument] = ()
    """The service's own metrics, beside the kernel's."""
    ledger: LedgerSource | None = None
    """What watches over the service's log; None for nothing."""
