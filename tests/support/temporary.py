"""Where the temporary files of tests lie: in memory, where there is room for a whole run.

A database there waits for no disk at the end of each transaction. A killed process leaves behind
what it would leave on a disk.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import psutil

SHARED_MEMORY: Final = Path("/dev/shm")
ROOM: Final = 4 * 1024**3
"""Bytes that have to be free there, and as memory: some times what a run was seen to need."""


def memory_folder(folder: Path = SHARED_MEMORY, room: int = ROOM) -> Path | None:
    """Return the folder if it has the room and programs may be started from it; otherwise None."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    if found.f_flag & os.ST_NOEXEC or not os.access(folder, os.W_OK | os.X_OK):
        return None
    free = found.f_bavail * found.f_frsize
    return folder if min(free, psutil.virtual_memory().available) >= room else None
