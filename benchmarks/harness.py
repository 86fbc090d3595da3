"""What the measurements share: their sizes, the servers they need, and what they report."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.stack import Stack

Figures = Mapping[str, float]
"""What was measured, by name."""


class Size(StrEnum):
    """How much a measurement does."""

    SMALL = "small"
    """Seconds: shows that the measurement runs. Its figures mean nothing, no target is checked."""
    USUAL = "usual"
    FULL = "full"
    """The largest amounts for which there is a target."""


class TargetMissed(Exception):
    """A figure is worse than its target; the text says which."""


class Benchmark(Protocol):
    """A module of this package that measures."""

    NAME: str

    def run(self, size: Size, servers: Servers) -> Figures:
        """Measure, print the figures and return them; raise ``TargetMissed``.

        Raise ``AssertionError`` when the two sides that are compared disagree.
        """
        ...


class Servers:
    """The servers that measurements need, each started when first asked for; a context manager."""

    def __init__(
        self, broker: KafkaBroker | None = None, postgres: PostgresServer | None = None
    ) -> None:
        """Servers that are given run already, and go on running."""
        self._exits = ExitStack()
        self._broker = broker
        self._postgres = postgres
        self._stack: Stack | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exits.close()

    def folder(self) -> Path:
        """Return a new empty folder, which is removed in the end."""
        name = self._exits.enter_context(tempfile.TemporaryDirectory(prefix="motcua-bench-"))
        Path(name).chmod(0o755)  # PostgreSQL is another user when root runs this
        return Path(name)

    def sqlite(self, name: str) -> str:
        """Return the address of a new SQLite database."""
        return f"sqlite:///{self.folder() / name}.sqlite3"

    def postgresql(self, name: str) -> str:
        """Return the address of a new PostgreSQL database; raise ``PostgresUnavailable``."""
        if self._postgres is None:
            server = PostgresServer(self.folder() / "postgres", free_port())
            self._postgres = self._exits.enter_context(server)
        return self._postgres.create_database(f"{name}_{uuid.uuid4().hex[:8]}")

    def topic(self, name: str) -> tuple[str, str]:
        """Return a broker's address and the name of a new, empty events topic on it."""
        if self._broker is None:
            broker = KafkaBroker(self.folder() / "kafka", free_port())
            self._broker = self._exits.enter_context(broker)
        topic = f"bench.{name}.{uuid.uuid4().hex[:8]}"
        ensure_topics(self._broker.bootstrap, topics=[events_topic(topic)])
        return self._broker.bootstrap, topic

    def stack(self, settings: Mapping[str, str] | None = None) -> Stack:
        """Return a whole running stack on the real clock, which accepts this process's tokens; the
        first time with more environment.
        """
        if self._stack is None:
            self._exits.enter_context(_issuer_in(self.folder()))
            stack = Stack(self.folder() / "stack", clock="real", settings=settings)
            self._stack = self._exits.enter_context(stack)
        return self._stack


@contextmanager
def _issuer_in(folder: Path) -> Iterator[None]:
    """Let this process and those that it starts share one local issuer of tokens."""
    before = {name: value for name, value in os.environ.items() if name.startswith("IDENTITY_")}
    for name in before:
        del os.environ[name]
    os.environ["IDENTITY_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["IDENTITY_DIR"]
        os.environ.update(before)
