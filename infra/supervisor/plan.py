"""What the supervisor is given: which programs, with which environment, at which addresses."""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

_WHY = {
    errno.EADDRINUSE: "something else listens at",
    errno.EADDRNOTAVAIL: "this machine does not have the address of",
    errno.EACCES: "this account may not listen at",
}
"""What stands before an address that can't be listened at."""


@dataclass(frozen=True)
class Program:
    """One program that the supervisor keeps running."""

    name: str
    command: tuple[str, ...]
    env: dict[str, str]
    address: str
    """Where it listens, as HOST:PORT."""
    is_service: bool = False
    """Whether it is a service of the system, which answers itself whether it is ready."""


@dataclass(frozen=True)
class Plan:
    """Everything that `motcua up` is going to run."""

    data_dir: Path
    bootstrap: str
    own_kafka: bool
    kafka_port: int
    topic: str
    programs: tuple[Program, ...]

    @property
    def services(self) -> tuple[Program, ...]:
        """The programs that are services of the system."""
        return tuple(p for p in self.programs if p.is_service)

    def addresses(self) -> list[tuple[str, str]]:
        """Return what the plan starts, each with the address at which it is going to listen."""
        found = [(program.name, program.address) for program in self.programs]
        return [("kafka", self.bootstrap), *found] if self.own_kafka else found

    def problems(self) -> list[str]:
        """Return which addresses of the plan can't be listened at, and why."""
        found: dict[str, list[str]] = {}
        for name, where in self.addresses():
            if why := _refused(where):
                found.setdefault(why, []).append(f"{where} ({name})")
        return [f"{why} {', '.join(places)}" for why, places in found.items()]


def _refused(address: str) -> str:
    """Try to bind an address; return why that can't be done, empty when it can."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do it: connections that have ended and linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            return _WHY.get(error.errno or 0, "can't listen at")
    return ""
