"""A running probe service for the tests of the kernel's gRPC layer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.probe.service import Running, StartProbe


@pytest.fixture
def start_probe(tmp_path: Path) -> Iterator[StartProbe]:
    """`start_probe(**options)`: a probe on a new SQLite file, or on the `database_url` given."""
    running: list[Running] = []

    def start(database_url: str = "", **options: Any) -> Running:
        url = database_url or f"sqlite:///{tmp_path / f'probe-{len(running)}.sqlite3'}"
        running.append(Running(url, **options))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def probe(start_probe: StartProbe) -> Running:
    """A probe with everything as in development."""
    return start_probe()
