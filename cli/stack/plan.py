"""What the local stack consists of: which programs, with which environment, at which addresses."""

from __future__ import annotations

import errno
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from services.kernel import settings
from services.kernel.master_key import development_key, master_key
from services.kernel.rpc import issuer
from services.kernel.rpc.keys import read_keys
from services.kernel.settings import PORTS
from services.ops.stack.paths import whole_paths

SERVICES = ("intake", "routing", "postal", "notify", "audit")
KAFKA_PORT = 29092
SMTP_PORT = 2525
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
        return tuple(p for p in self.programs if p.name in SERVICES)

    def addresses(self) -> list[tuple[str, str]]:
        """Name what the plan starts, each with the address at which it is going to listen."""
        found = [(program.name, program.address) for program in self.programs]
        return [("kafka", self.bootstrap), *found] if self.own_kafka else found

    def problems(self) -> list[str]:
        """Say which addresses of the plan can't be listened at, and why."""
        found: dict[str, list[str]] = {}
        for name, where in self.addresses():
            if why := _refused(where):
                found.setdefault(why, []).append(f"{where} ({name})")
        return [f"{why} {', '.join(places)}" for why, places in found.items()]


def data_dir() -> Path:
    """Give the local stack's folder."""
    return Path(os.environ.get("MOTCUA_DATA_DIR") or ".motcua").absolute()


def make_plan() -> Plan:
    """Read the environment and say what is to run.

    KAFKA_BOOTSTRAP_SERVERS and SMTP_HOST name servers that run already; unset, the stack brings its
    own. Raises ``ValueError`` naming the variable that is wrong.
    """
    _check()
    folder = data_dir()
    kafka_port = settings.port("KAFKA_PORT", KAFKA_PORT)
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "")
    bootstrap = given or f"127.0.0.1:{kafka_port}"
    host = os.environ.get("MOTCUA_HOST") or "127.0.0.1"
    common = _environment(folder, bootstrap, host)
    programs = [_sink(folder, common)] if not os.environ.get("SMTP_HOST") else []
    for name in SERVICES:
        port = settings.port(f"{name.upper()}_PORT", PORTS[name])
        command = (sys.executable, "-m", f"services.{name}.main")
        programs.append(Program(name, command, common, f"{host}:{port}"))
    topic = os.environ.get("MOTCUA_TOPIC") or "dossier.events"
    plan = Plan(folder, bootstrap, not given, kafka_port, topic, tuple(programs))
    _check_distinct(plan)
    return plan


def _check() -> None:
    """Let each service's settings be read once here, so that a wrong one is said at once."""
    production = os.environ.get("MOTCUA_MODE") == "production"
    for name in SERVICES:
        try:
            given = settings.load(name)
            if production or given.master_key.get_secret_value():
                master_key(given)
            if given.identity_jwks is not None:
                read_keys(given.identity_jwks, production=production)
        except ValueError as wrong:
            raise ValueError(settings.reasons(wrong)) from wrong
    if production and not os.environ.get("SMTP_HOST"):
        raise ValueError(
            "SMTP_HOST: must be set in production (the stack's own mail sink sends nothing on)"
        )


def _check_distinct(plan: Plan) -> None:
    seen: dict[str, str] = {}
    for name, address in plan.addresses():
        if address in seen:
            raise ValueError(f"{seen[address]} and {name} can't both listen at {address}")
        seen[address] = name


def _environment(folder: Path, bootstrap: str, host: str) -> dict[str, str]:
    """Give what all programs are told; files by whole paths, since they run in another folder."""
    common = dict(os.environ) | {
        "MOTCUA_DATA_DIR": str(folder),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "MOTCUA_HOST": host,
        "PYTHONUNBUFFERED": "1",
        # Two arenas are enough for a handful of threads; the default of eight a core only spreads
        # the heap.
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2"),
    }
    production = common.get("MOTCUA_MODE") == "production"
    if not production and not common.get("MOTCUA_MASTER_KEY"):
        common["MOTCUA_MASTER_KEY"] = development_key(folder)
    if not production and not common.get("IDENTITY_JWKS"):
        issuer.make_keys(issuer.folder_of(folder))
    common |= whole_paths(common, SERVICES)
    if not common.get("SMTP_HOST"):
        common["SMTP_HOST"] = "127.0.0.1"
        common["SMTP_PORT"] = str(settings.port("SMTP_PORT", SMTP_PORT))
    return common


def _sink(folder: Path, common: dict[str, str]) -> Program:
    port = common["SMTP_PORT"]
    options = ("--port", port, "--dir", str(folder / "mail"))
    command = (sys.executable, "-m", "infra.local.smtp", *options)
    return Program("mail", command, common, f"127.0.0.1:{port}")


def _refused(address: str) -> str:
    """Try to bind an address; gives why that can't be done, empty when it can."""
    host, _, port = address.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do it: connections that have ended and linger are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            return _WHY.get(error.errno or 0, "can't listen at")
    return ""
