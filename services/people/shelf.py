"""The directory as it is now: its files are looked at every second, and a change is taken up.

What can't be used changes nothing: the directory read last stays in force, and the mistakes are
logged once for each change of the files.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from services.kernel.logs import get_logger
from services.kernel.rpc.permissions import shipped
from services.people.directory import Directory
from services.people.files import DirectoryError, files_of, read_directory

EVERY: Final = 1.0
"""Seconds between looks at the files."""
_SHOWN: Final = 5
WRONG_SETTINGS: Final = 2
_log = get_logger(__name__)


class Shelf:
    """The directory of one file and those that it names; threads may share it."""

    def __init__(self, path: Path, roles: Iterable[str]) -> None:
        """Read the directory; raises ``DirectoryError``."""
        self._path = path
        self._roles = frozenset(roles)
        self._lock = threading.Lock()
        self._next = 0.0
        self._mark = self._stamp()
        self._directory = read_directory(path, self._roles)

    def now(self) -> Directory:
        """Give the directory as of the last look."""
        if time.monotonic() >= self._next:
            with self._lock:
                self._look()
        return self._directory

    def _look(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        mark = self._stamp()
        if mark == self._mark:
            return
        self._mark = mark
        try:
            self._directory = read_directory(self._path, self._roles)
            _log.info("people.changed", officers=len(self._directory.officers))
        except DirectoryError as error:
            shown = error.mistakes[:_SHOWN]
            _log.error("people.refused", mistakes=len(error.mistakes), first=shown)

    def _stamp(self) -> object:
        return [_stamp_of(path) for path in files_of(self._path)]


def _stamp_of(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


@cache
def configured(service: str) -> Callable[[], Directory] | None:
    """Give what asks for the directory that PEOPLE_DIRECTORY names, as it is now; None when it
    names none. Ends the process with exit status 2 and the mistakes when it can't be used.
    """
    path = os.environ.get("PEOPLE_DIRECTORY", "")
    if not path:
        return None
    try:
        return Shelf(Path(path), shipped().roles).now
    except DirectoryError as error:
        for mistake in error.mistakes:
            print(f"{service}: PEOPLE_DIRECTORY: {path}: {mistake}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
