"""Whether a disk has space left."""

from __future__ import annotations

import shutil
from pathlib import Path

LEAST_FREE = 16 * 1024 * 1024
"""Bytes below which a disk counts as full: Kafka would die in the middle of its start."""


def fullness(folder: Path) -> str:
    """Return in words that the disk of a folder is full; empty while it is not."""
    full = shutil.disk_usage(folder).free < LEAST_FREE
    return f"the disk of {folder} is full" if full else ""
