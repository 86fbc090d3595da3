"""A whole stack for tests: broker, mail sink and five services under their supervisor.

It is `motcua up` that runs, on free ports and in one folder, in a child process that ends with this
one.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from motcua.notify.v1 import notify_pb2 as notify
from motcua.notify.v1.notify_pb2_grpc import NotifyServiceStub
from sqlalchemy import Engine

from cli.stack.plan import SERVICES
from cli.stack.status import collect
from infra.local.child import spawn
from infra.local.ports import free_port
from infra.local.smtp import read_messages
from infra.supervisor.state import read_state, supervisor_pid
from kernel.base.clock import Clock, parse_clock
from kernel.storage.engines import open_engine
from tests.support import call_limits
from tests.support.command import Done, command_server
from tests.support.feed import wait_until
from tests.support.identity import metadata

READY_WITHIN = 120.0
SETTLED_WITHIN = 120.0
CALM = 3
"""This many looks in a row that find nothing under way count as rest."""
OPENING = "2021-08-09T08:00:00+07:00"
_FOREIGN = (
    "MOTCUA_",
    "AUDIT_ADDRESS",
    "KAFKA_",
    "SMTP_",
    "OTEL_",
    "DATABASE_URL",
    "KEYRING_",
    "PARTNER_",
)
CHANNEL_OPTIONS = (
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.lb_policy_name", "round_robin"),
)


def clock_setting(start: str = OPENING, speed: float = 1.0, lead: float = 0.0) -> str:
    """Return a setting of the office's clock: it stands at ``start`` in ``lead`` real seconds."""
    return f"{start}@{speed}@{time.time() + lead:.3f}"


class Stack:
    """A running stack; a context manager.

    ``clock`` is as in MOTCUA_CLOCK, ``settings`` is more environment.
    """

    def __init__(
        self, folder: Path, *, clock: str = "", settings: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.clock_text = clock or clock_setting()
        self.clock: Clock = parse_clock(self.clock_text)
        ports = {f"{name.upper()}_PORT": str(free_port()) for name in (*SERVICES, "kafka", "smtp")}
        self.env = {
            **{k: v for k, v in os.environ.items() if not is_foreign(k)},
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_CLOCK": self.clock_text,
            "MOTCUA_MODE": "development",
            "MOTCUA_OPERATOR": "test",
            "WEB_PORT": "0",
            **ports,
            **call_limits.VARIABLES,
            **(settings or {}),
        }
        self.replicas: dict[str, list[str]] = {}
        """Addresses of further processes of a service, which clients call in turn with its own."""
        self._process: subprocess.Popen[bytes] | None = None

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything, and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "cli.main", "up"]
        self._process = spawn(
            command, log=self.folder / "stack.log", death_signal=signal.SIGTERM, env=self.env
        )

    def __enter__(self) -> "Stack":
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self.stop() == 0, self.story()

    def stop(self) -> int:
        """Stop everything in order and give the exit status; by force after a minute."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.terminate()
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def end_detached(self) -> None:
        """End what `up --detach` has left running, by its process id; then nothing of it runs."""
        pid = supervisor_pid(self.folder)
        if pid is None:
            return
        try:
            supervisor = psutil.Process(pid)
            family = [supervisor, *supervisor.children(recursive=True)]
            supervisor.terminate()
        except psutil.NoSuchProcess:
            return
        for process in psutil.wait_procs(family, 60)[1]:
            process.kill()

    def wait_ready(self) -> None:
        """Wait until every service is ready; fails with the ends of the logs."""
        end = time.monotonic() + READY_WITHIN
        while not (read_state(self.folder) and self.status()["ready"]):
            alive = self._process is not None and self._process.poll() is None
            if not alive or time.monotonic() > end:
                pytest.fail(f"the stack is not ready\n{self.story()}")
            time.sleep(0.1)

    def kill(self, name: str) -> int:
        """End a program (a service, or ``kafka``) by SIGKILL; gives the process id it had."""
        wait_until(lambda: self.pid(name) is not None, 60, f"{name} runs")
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_back(self, name: str, gone: int, seconds: float = 60.0) -> None:
        """Wait until a killed program runs again."""
        wait_until(lambda: self.pid(name) not in (None, gone), seconds, f"{name} runs again")

    def wait_settled(self) -> None:
        """Wait until nothing is on its way: no lag, nothing to publish, no mail to send."""
        end = time.monotonic() + SETTLED_WITHIN
        calm = 0
        while calm < CALM:
            assert time.monotonic() < end, f"not settled: {self.status()}\n{self.story()}"
            calm = calm + 1 if self._quiet() else 0
            time.sleep(0.2)

    def _quiet(self) -> bool:
        rows = self.status()["services"]
        still = all(r["ready"] and r["lag"] == 0 and r.get("outbox") == 0 for r in rows)
        return still and not self._queued()

    def _queued(self) -> int:
        with self.channel("notify") as channel:
            answer = NotifyServiceStub(channel).CountMessages(
                notify.CountMessagesRequest(), timeout=10, metadata=metadata("operator", "test")
            )
        return sum(c.count for c in answer.counts if c.state == notify.MESSAGE_STATE_QUEUED)

    # -- looking in -------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """Return what `motcua status --json` gives."""
        return collect(self.folder)

    def pid(self, name: str) -> int | None:
        """Return the process id of a program now; None while it does not run."""
        board = read_state(self.folder)
        if name == "kafka":
            pid: int | None = board.get("kafka", {}).get("pid")
            return pid
        return next((p["pid"] for p in board.get("programs", []) if p["name"] == name), None)

    @property
    def bootstrap(self) -> str:
        """Return the address of the stack's broker, or of the cluster that it was given."""
        return self.env.get("KAFKA_BOOTSTRAP_SERVERS") or f"127.0.0.1:{self.env['KAFKA_PORT']}"

    @property
    def topic(self) -> str:
        """Return the events topic."""
        return self.env.get("MOTCUA_TOPIC", "dossier.events")

    def address(self, service: str) -> str:
        """Return a service's address."""
        return f"127.0.0.1:{self.env[f'{service.upper()}_PORT']}"

    def target(self, service: str) -> str:
        """Return what clients of a service connect to: all of its processes."""
        return "ipv4:" + ",".join([self.address(service), *self.replicas.get(service, ())])

    def channel(self, service: str) -> grpc.Channel:
        """Connect to a service; to be closed by the caller."""
        return grpc.insecure_channel(self.target(service), CHANNEL_OPTIONS)

    @contextmanager
    def store(self, service: str) -> Iterator[Engine]:
        """Open a service's database for reading."""
        url = self.env.get("DATABASE_URL") or f"sqlite:///{self.folder / service}.sqlite3"
        engine = open_engine(url, service, read_only=True)
        try:
            yield engine
        finally:
            engine.dispose()

    def mails(self) -> list[EmailMessage]:
        """Read the messages in the sink."""
        return read_messages(self.folder / "mail")

    def motcua(self, *arguments: str, timeout: float = 60.0) -> Any:
        """Run `motcua` and give the JSON document that it prints; fails with its words."""
        done = self.run(*arguments, timeout=timeout)
        assert done.returncode == 0, f"motcua {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def run(self, *arguments: str, timeout: float = 60.0, cwd: str | Path = "/") -> Done:
        """Run `motcua` in a folder, whatever its exit status."""
        return command_server().run(arguments, env=self.env, folder=cwd, timeout=timeout)

    def story(self) -> str:
        """Return the ends of all logs, for a test that failed."""
        logs = [self.folder / "stack.log", *sorted((self.folder / "log").glob("*.log"))]
        return "\n".join(f"--- {log.name}\n{_tail(log)}" for log in logs if log.exists())


@contextmanager
def running(parent: Path, **given: Any) -> Iterator[Stack]:
    """Run a stack in a fresh folder below ``parent``; KEEP_STACK=1 leaves it there."""
    folder = parent / f"stack-{free_port()}"
    try:
        with Stack(folder, **given) as stack:
            try:
                yield stack
            except BaseException:
                print(stack.story(), file=sys.stderr)
                raise
    finally:
        if not os.environ.get("KEEP_STACK"):
            shutil.rmtree(folder, ignore_errors=True)


def program(module: str, *arguments: str) -> Sequence[str]:
    """Return the command that runs a module of this project."""
    return [sys.executable, "-m", module, *arguments]


def is_foreign(name: str) -> bool:
    """Return whether a variable of the environment would lead a stack elsewhere; where the set-up
    keeps Kafka's jars does not.
    """
    if name == "MOTCUA_CACHE_DIR":
        return False
    return name.startswith(_FOREIGN) or name.endswith(("_DATABASE_URL", "_METRICS_PORT"))


def _tail(log: Path, size: int = 3000) -> str:
    return log.read_bytes()[-size:].decode(errors="replace")
