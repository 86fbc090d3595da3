"""Kafka and PostgreSQL that all processes of one test session share.

Tests that run in several processes (pytest-xdist) are started by one more, which runs no tests.
That one starts each server when the first worker asks for it, and ends it with the session, so the
servers outlive a worker that crashes and die with the session, however it ends. Without xdist the
process that runs the tests is the one that starts them.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import socket
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Final

import psutil

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer, PostgresUnavailable

_ADDRESS: Final = "servers.socket"
_WITHIN: Final = 120.0
_POSTGRES: Final = {
    # Nobody kills this server: what has to be true after a kill is tested on servers of its own.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}


class SharedBroker(KafkaBroker):
    """A broker that another process has started: to be used, not to be stopped."""

    def __init__(self, data_dir: Path, port: int, pid: int) -> None:
        super().__init__(data_dir, port)
        self._pid = pid

    @property
    def pid(self) -> int | None:
        """Process id while the broker runs, else None."""
        return self._pid if psutil.pid_exists(self._pid) else None


class SessionServers:
    """The servers of one session, each started at the first call for it; a context manager.

    They are started and stopped by one thread, which lives as long as this object: a server gets
    its death signal when the thread ends that started it.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="motcua-servers-"))
        self.folder.chmod(0o755)  # PostgreSQL does not run as root
        self._kafka: KafkaBroker | None = None
        self._postgres: PostgresServer | None = None
        self._wanted: queue.SimpleQueue[tuple[str, Future[dict[str, str]]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="servers", daemon=True)
        self._thread.start()

    def ask(self, name: str) -> dict[str, str]:
        """Return where ``kafka`` or ``postgres`` is (folder, port, pid), starting it if need be; or
        the ``problem`` for which it cannot run. Thread-safe.
        """
        found: Future[dict[str, str]] = Future()
        self._wanted.put((name, found))
        return found.result(_WITHIN)

    def close(self) -> None:
        """Stop all that was started, and remove its data."""
        self._wanted.put(None)
        self._thread.join(_WITHIN)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            name, found = wanted
            try:
                found.set_result(self._start(name))
            except Exception as error:
                found.set_result({"problem": f"{type(error).__name__}: {error}"})
        for server in (self._kafka, self._postgres):
            if server is not None:
                server.stop()

    def _start(self, name: str) -> dict[str, str]:
        if name == "kafka":
            self._kafka = self._kafka or KafkaBroker(self.folder / "kafka", free_port())
            self._kafka.start()
            return _place(self._kafka)
        self._postgres = self._postgres or PostgresServer(
            self.folder / "postgres", free_port(), settings=_POSTGRES
        )
        try:
            self._postgres.start()
        except PostgresUnavailable as error:
            return {"unavailable": str(error)}
        return _place(self._postgres)


def _place(server: KafkaBroker | PostgresServer) -> dict[str, str]:
    return {"folder": str(server.data_dir), "port": str(server.port), "pid": str(server.pid)}


class ServerOffer:
    """Offers servers to other processes of this user, at a socket in their folder."""

    def __init__(self, servers: SessionServers) -> None:
        self.address = str(servers.folder / _ADDRESS)
        self._servers = servers
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.address)
        os.chmod(self.address, 0o600)
        self._socket.listen(64)
        threading.Thread(target=self._serve, name="offer", daemon=True).start()

    def close(self) -> None:
        """Offer nothing any longer, and stop the servers."""
        self._socket.close()
        self._servers.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as stream:
            stream.write(json.dumps(self._servers.ask(stream.readline().strip())) + "\n")


def ask_at(address: str, name: str) -> dict[str, str]:
    """Return what ``SessionServers.ask`` returns in the process that offers servers here."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_WITHIN)
        connection.connect(address)
        with connection.makefile("rw") as stream:
            stream.write(f"{name}\n")
            stream.flush()
            found: dict[str, str] = json.loads(stream.readline())
    return found


def broker_at(place: dict[str, str]) -> KafkaBroker:
    """Return the broker at a place; raise ``RuntimeError`` when it could not be started."""
    if "problem" in place:
        raise RuntimeError(place["problem"])
    return SharedBroker(Path(place["folder"]), int(place["port"]), int(place["pid"]))


def postgres_at(place: dict[str, str]) -> PostgresServer:
    """Return the server at a place, to make databases on and remove them.

    Raise ``PostgresUnavailable`` where it cannot run, and ``RuntimeError`` when its start failed.
    """
    if "unavailable" in place:
        raise PostgresUnavailable(place["unavailable"])
    if "problem" in place:
        raise RuntimeError(place["problem"])
    return PostgresServer(Path(place["folder"]), int(place["port"]))
