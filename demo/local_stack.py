"""The demonstration's own stack: a folder of its own, free ports, the accelerated clock, and
everything ended again.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from cli.stack.paths import absolute_paths, database_variables, path_variables
from cli.stack.plan import SERVICES
from cli.stack.status import collect
from demo.week.officer_directory import write_directory
from demo.week.scenario import MONDAY, instant
from infra.local.child import spawn
from infra.local.ports import free_port

READY_WITHIN = 90.0
_ELSEWHERE = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "SMTP_HOST",
    "MOTCUA_TOPIC",
    "MOTCUA_TOKEN",
    "IDENTITY_AUDIENCE",
    "IDENTITY_ISSUER",
    *database_variables(),
    *(it for it in path_variables() if it != "MOTCUA_TRACE_FILE" and "_TLS_" not in it),
)
"""Settings of the office itself, which the demonstration neither reads nor writes."""
CLOCK_FILE = "clock"
"""Holds the real time at which the week began; until it is there, the office's clock stands."""
PARTNERS = {
    "buudien": "motcua-development-buudien",
    "chuyenphat": "motcua-development-chuyenphat",
}
"""Development credentials of the two partners in services/postal/config/partners.toml."""

CROWD = {
    "MOTCUA_CALL_RATE_PERSON": "1000000/second",
    "MOTCUA_CALL_RATE_ADDRESS": "1000000/second",
    "MOTCUA_CALLS_AT_ONCE": "1000",
}
"""Limits for a few names on one machine that act for all citizens and officers of a province, much
faster than in life.
"""


class NotRunning(Exception):
    """The stack did not become ready; the text says where its logs are."""


def environment(folder: Path, speed: float, opens: int) -> dict[str, str]:
    """Return the environment of the demonstration's stack, its folder, ports and clock; also set it
    for this process.
    """
    start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(opens // 1_000_000)) + "+00:00"
    settings = {
        "MOTCUA_DATA_DIR": str(folder),
        "MOTCUA_CLOCK": f"{start}@{speed}@{folder / CLOCK_FILE}",
        "MOTCUA_MODE": "development",
        "KAFKA_PORT": str(free_port()),
        "SMTP_PORT": str(free_port()),
        "WEB_PORT": "0",
        "MOTCUA_OPERATOR": "demo",
        "PEOPLE_DIRECTORY": str(folder / "people.toml"),
        **CROWD,
    }
    settings |= {f"{name.upper()}_PORT": str(free_port()) for name in SERVICES}
    for unwanted in _ELSEWHERE:
        os.environ.pop(unwanted, None)
    os.environ.update(settings | absolute_paths(os.environ))
    return dict(os.environ)


def opening() -> int:
    """Return the instant shortly before Monday's opening, at which the week begins."""
    return instant(MONDAY, clock_time(6, 55))


@contextmanager
def stack(folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Run broker, mail sink and services until the block ends; raise ``NotRunning``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_directory(Path(env["PEOPLE_DIRECTORY"]))
    command = [sys.executable, "-m", "cli.main", "up"]
    process = spawn(command, log=folder / "stack.log", death_signal=signal.SIGTERM, env=env)
    try:
        _wait_ready(folder, process)
        yield
    finally:
        process.terminate()
        process.wait(60)


def begin(folder: Path, env: dict[str, str]) -> None:
    """Let the office's clock run from now on; ``env`` gets the setting by which others know it."""
    now = f"{time.time():.3f}"
    fresh = folder / f"{CLOCK_FILE}.new"
    fresh.write_text(now)
    fresh.replace(folder / CLOCK_FILE)
    env["MOTCUA_CLOCK"] = env["MOTCUA_CLOCK"].rpartition("@")[0] + f"@{now}"


def _wait_ready(folder: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        if (folder / "stack.json").exists() and collect(folder)["ready"]:
            return
        time.sleep(0.1)
    raise NotRunning(f"the stack did not become ready; its logs are in {folder}")


class PartnerProcesses:
    """The postal partners of the week: programs that know nothing but the partner interface."""

    def __init__(self, folder: Path, env: dict[str, str], seed: int) -> None:
        self._processes: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        for number, (name, token) in enumerate(PARTNERS.items()):
            command = [
                *(sys.executable, "-m", "partner_sim", "--pace", "0.25"),
                *("--address", f"127.0.0.1:{env['POSTAL_PORT']}", "--seed", str(seed + number)),
            ]
            log = folder / "log" / f"partner-{name}.log"
            given = env | {"PARTNER_TOKEN": token}
            self._processes[name] = (
                spawn(command, log=log, death_signal=signal.SIGTERM, env=given),
                log,
            )

    def stop(self) -> dict[str, dict[str, Any]]:
        """End the partners, and return each one's own count."""
        for process, _ in self._processes.values():
            process.terminate()
        found: dict[str, dict[str, Any]] = {}
        for name, (process, log) in self._processes.items():
            process.wait(30)
            found[name] = json.loads(log.read_text().splitlines()[-1])
        return found
