"""What the local stack consists of: which programs, with which environment, at which addresses."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from cli.stack.paths import absolute_paths, data_dir
from infra.supervisor.plan import Plan, Program
from kernel.auth import issuer
from kernel.auth.jwks import read_keys
from kernel.config import settings
from kernel.config.master_key import development_key, master_key
from office.ports import PORTS

SERVICES = ("intake", "routing", "postal", "notify", "audit")
KAFKA_PORT = 29092
SMTP_PORT = 2525


def make_plan() -> Plan:
    """Return what is to run, as the environment has it.

    KAFKA_BOOTSTRAP_SERVERS and SMTP_HOST name servers that run already; unset, the stack brings its
    own. Raise ``ValueError`` naming the variable that is wrong.
    """
    _check()
    _check_mail_sink()
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
        programs.append(Program(name, command, common, f"{host}:{port}", is_service=True))
    topic = os.environ.get("MOTCUA_TOPIC") or "dossier.events"
    plan = Plan(folder, bootstrap, not given, kafka_port, topic, tuple(programs))
    _check_distinct(plan)
    return plan


def _check() -> None:
    """Let each service's settings be read once here, so that a wrong one is refused at once."""
    production = os.environ.get("MOTCUA_MODE") == "production"
    for name in SERVICES:
        try:
            given = settings.load(name, PORTS[name])
            if production or given.master_key.get_secret_value():
                master_key(given)
            if given.identity_jwks is not None:
                read_keys(given.identity_jwks, production=production)
        except ValueError as wrong:
            raise ValueError(settings.describe_errors(wrong)) from wrong
    if production and not os.environ.get("SMTP_HOST"):
        raise ValueError(
            "SMTP_HOST: must be set in production (the stack's own mail sink sends nothing on)"
        )


def _check_mail_sink() -> None:
    """Refuse a stack that needs the mail sink where the package for it is not installed."""
    if not os.environ.get("SMTP_HOST") and find_spec("aiosmtpd") is None:
        raise ValueError(
            "SMTP_HOST: must be set, since the package aiosmtpd, the stack's own mail sink, is not "
            "installed (motcua[local] brings it)"
        )


def _check_distinct(plan: Plan) -> None:
    seen: dict[str, str] = {}
    for name, address in plan.addresses():
        if address in seen:
            raise ValueError(f"{seen[address]} and {name} can't both listen at {address}")
        seen[address] = name


def _environment(folder: Path, bootstrap: str, host: str) -> dict[str, str]:
    """Return the environment of all programs: whole paths, since they run in another folder."""
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
    common |= absolute_paths(common, SERVICES)
    if not common.get("SMTP_HOST"):
        common["SMTP_HOST"] = "127.0.0.1"
        common["SMTP_PORT"] = str(settings.port("SMTP_PORT", SMTP_PORT))
    return common


def _sink(folder: Path, common: dict[str, str]) -> Program:
    port = common["SMTP_PORT"]
    options = ("--port", port, "--dir", str(folder / "mail"))
    command = (sys.executable, "-m", "infra.local.smtp", *options)
    return Program("mail", command, common, f"127.0.0.1:{port}")
