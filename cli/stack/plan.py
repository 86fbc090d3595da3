"""What the local stack consists of: which programs, with which environment, at which addresses."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from cli.settings import CliSettings
from cli.stack.paths import absolute_paths
from cli.stack.service_settings import SETTINGS_OF
from infra.supervisor.plan import Plan, Program
from kernel.auth import issuer
from kernel.auth.jwks import read_keys
from kernel.config.environment import SettingsError, load
from kernel.config.master_key import RECORD_KEY, development_key, development_master_key
from services.web.settings import WebSettings

SERVICES = ("intake", "routing", "postal", "notify", "audit")


def make_plan() -> Plan:
    """Return what is to run, as the environment has it.

    KAFKA_BOOTSTRAP_SERVERS and SMTP_HOST name servers that run already; unset, the stack brings its
    own. Raise ``ValueError`` naming all variables that are wrong.
    """
    settings = _settings()
    folder = settings.data_dir.absolute()
    bootstrap = settings.kafka or f"127.0.0.1:{settings.kafka_port}"
    common = _environment(settings, folder, bootstrap)
    programs = [] if settings.smtp_host else [_sink(settings, folder, common)]
    for name in SERVICES:
        command = (sys.executable, "-m", f"services.{name}.main")
        programs.append(Program(name, command, common, settings.address(name), is_service=True))
    if settings.web_port:
        programs.append(_web(common))
    own_kafka = not settings.kafka
    plan = Plan(
        folder,
        bootstrap,
        own_kafka,
        settings.kafka_port,
        settings.topic,
        tuple(programs),
    )
    _check_distinct(plan)
    return plan


def _settings() -> CliSettings:
    """Return the commands' settings, once those of all services could be read, too: so what is
    wrong is refused at once.
    """
    problems: dict[str, str] = {}
    for kind in SETTINGS_OF.values():
        try:
            service = load(kind)
        except SettingsError as wrong:
            problems |= wrong.problems
    try:
        load(WebSettings)
    except SettingsError as wrong:
        problems |= wrong.problems
    try:
        own = load(CliSettings)
        problems |= _mail_problem(own) | _kafka_problem(own)
    except SettingsError as wrong:
        problems |= wrong.problems
    if problems:
        raise SettingsError(problems)
    if service.identity_jwks is not None:
        read_keys(service.identity_jwks, production=own.mode == "production")
    return own


def _mail_problem(settings: CliSettings) -> dict[str, str]:
    """Return why the stack must not have the mail sink, or can't; empty when it does without."""
    if settings.smtp_host:
        return {}
    if settings.mode == "production":
        return {
            "SMTP_HOST": "must be set in production (the stack's own mail sink sends nothing on)"
        }
    if find_spec("aiosmtpd") is None:
        text = (
            "must be set, since the package aiosmtpd, the stack's own mail sink, is not installed"
        )
        return {"SMTP_HOST": f"{text} (motcua[local] brings it)"}
    return {}


def _kafka_problem(settings: CliSettings) -> dict[str, str]:
    """Return why the stack's own broker does not do; empty when it does, or is not used."""
    if settings.kafka or settings.kafka_protocol == "PLAINTEXT":
        return {}
    text = f"must be set, since KAFKA_SECURITY_PROTOCOL is {settings.kafka_protocol}"
    return {"KAFKA_BOOTSTRAP_SERVERS": f"{text} (the stack's own broker is open to this machine)"}


def _check_distinct(plan: Plan) -> None:
    seen: dict[str, str] = {}
    for name, address in plan.addresses():
        if address in seen:
            raise ValueError(f"{seen[address]} and {name} can't both listen at {address}")
        seen[address] = name


def _environment(settings: CliSettings, folder: Path, bootstrap: str) -> dict[str, str]:
    """Return the environment of all programs: whole paths, since they run in another folder."""
    common = dict(os.environ) | {
        "MOTCUA_DATA_DIR": str(folder),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "MOTCUA_HOST": settings.host,
        "PYTHONUNBUFFERED": "1",
        "MALLOC_ARENA_MAX": settings.malloc_arena_max,
    }
    if not common.get("AUDIT_ADDRESS"):
        common["AUDIT_ADDRESS"] = settings.address("audit")
    production = settings.mode == "production"
    if not production and not common.get("MOTCUA_MASTER_KEY"):
        common["MOTCUA_MASTER_KEY"] = development_master_key(folder)
    if not production and not common.get("MOTCUA_RECORD_KEYS"):
        _require_key_of(folder)
        common["MOTCUA_RECORD_KEYS"] = development_key(folder, RECORD_KEY)
    if not production and not common.get("IDENTITY_JWKS"):
        issuer.make_keys(settings.identity_dir)
    common |= absolute_paths(common)
    if not settings.smtp_host:
        common["SMTP_HOST"] = "127.0.0.1"
        common["SMTP_PORT"] = str(settings.smtp_port)
    return common


def _require_key_of(folder: Path) -> None:
    """Raise ``ValueError`` when a folder's own log and databases are there, and the key that proves
    its records is gone: a new key would make all of them somebody else's.
    """
    used = (folder / "kafka").exists() and any(folder.glob("*.sqlite3"))
    if used and not (folder / RECORD_KEY).exists():
        raise ValueError(
            f"MOTCUA_RECORD_KEYS: must be set as it was, or {folder / RECORD_KEY} put back from "
            "its backup: it proves the records of the log, and a new one would not"
        )


def _web(common: dict[str, str]) -> Program:
    web = load(WebSettings)
    command = (sys.executable, "-m", "services.web.main")
    return Program("web", command, common, f"{web.listen}:{web.port}")


def _sink(settings: CliSettings, folder: Path, common: dict[str, str]) -> Program:
    port = str(settings.smtp_port)
    options = ("--port", port, "--dir", str(folder / "mail"))
    command = (sys.executable, "-m", "infra.local.smtp", *options)
    return Program("mail", command, common, f"127.0.0.1:{port}")
