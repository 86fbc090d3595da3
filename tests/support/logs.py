"""What this process logs, read back by tests."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from kernel.config.settings import Settings
from kernel.telemetry import logs


@contextmanager
def restored() -> Iterator[None]:
    """Leave logging as it was before a block that sets it up for its own output."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions)
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:], root.level, logging.raiseExceptions = before


@contextmanager
def logged(service: str, level: str = "info") -> Iterator[io.StringIO]:
    """Collect the lines of a block, and leave logging as it was."""
    stream = io.StringIO()
    with restored():
        logs.setup(Settings(service=service, port=0, database_url="", log_level=level), stream)
        yield stream
