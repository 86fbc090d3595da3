"""One real service process on a broker, a topic and a database of the test's choice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc

from cli.grpc_clients import status_of
from infra.local.child import spawn
from infra.local.ports import free_port
from tests.support import call_limits
from tests.support.feed import wait_until
from tests.support.stack import CHANNEL_OPTIONS, clock_setting, is_foreign


class ServiceProcess:
    """Can be started, stopped and killed any number of times; a context manager.

    It dies with the thread that started it. With ``shifted``, seconds in the file ``shift``
    set its wall clock ahead. Its folder holds the keyring, the log and, without
    ``url``, its database. ``command`` starts another copy of the program than the checkout's.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        bootstrap: str,
        topic: str,
        url: str = "",
        *,
        shifted: bool = False,
        command: tuple[str, ...] = (),
        **settings: str,
    ) -> None:
        self.name = name
        self.folder = folder
        self.shift = folder / "shift"
        self._shifted = shifted
        self._command = command
        self.port = free_port()
        self.url = url or f"sqlite:///{folder / name}.sqlite3"
        self.env = {
            **{k: v for k, v in os.environ.items() if not is_foreign(k)},
            "MOTCUA_DATA_DIR": str(folder),
            "MOTCUA_TOPIC": topic,
            "MOTCUA_CLOCK": clock_setting(),
            "MOTCUA_MASTER_KEY": "ab" * 32,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": self.url,
            f"{name.upper()}_PORT": str(self.port),
            **call_limits.VARIABLES,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and do not wait."""
        self.folder.mkdir(parents=True, exist_ok=True)
        program = [f"services.{self.name}.main"]
        if self._shifted:
            program = ["tests.support.shifted", str(self.shift), *program]
        command = list(self._command) or [sys.executable, "-m", *program]
        log = self.folder / f"{self.name}.log"
        self._process = spawn(command, log=log, death_signal=signal.SIGKILL, env=self.env)

    def wait_ready(self) -> None:
        """Wait until it has read the log."""
        wait_until(self._ready, 60, f"{self.name} is ready")

    def _ready(self) -> bool:
        answer = status_of(self.name, self.address)
        return answer is not None and answer.ready

    def wait_published(self) -> None:
        """Wait until it is ready and all of its events are in the log."""

        def published() -> bool:
            answer = status_of(self.name, self.address)
            return answer is not None and answer.ready and answer.outbox == answer.lag == 0

        wait_until(published, 60, f"{self.name} has published")

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it by SIGKILL, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def motcua(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `motcua` with its settings, as on another machine: from a folder of its own."""
        elsewhere = {"MOTCUA_DATA_DIR": str(self.folder / "elsewhere")}
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env=self.env | elsewhere,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def channel(self) -> grpc.Channel:
        """Connect to it; to be closed by the caller."""
        return grpc.insecure_channel(self.address, CHANNEL_OPTIONS)

    def __enter__(self) -> "ServiceProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
