"""The directory as it is now: its files are looked at every second, and a change is taken up.

What can't be used changes nothing: the directory read last stays in force, and the mistakes are
logged once for each change of the files.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Final

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.telemetry.logs import get_logger
from office.people.directory import Directory
from office.people.files import DirectoryError, files_of, read_directory
from office.permissions import shipped

_SHOWN: Final = 5
WRONG_SETTINGS: Final = 2
_log = get_logger(__name__)


class PeopleRepository:
    """The directory of one file and those that it names; threads may share it."""

    def __init__(
        self,
        path: Path,
        roles: Iterable[str],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the directory; raise ``DirectoryError``."""
        known = frozenset(roles)
        self._watched = FileWatcher(
            lambda: stamp_of(*files_of(path)),
            lambda: read_directory(path, known),
            DirectoryError,
            on_change=_tell,
            on_error=_complain,
            monotonic=monotonic,
        )

    def now(self) -> Directory:
        """Return the directory as of the last look."""
        return self._watched.value()


def _tell(directory: Directory) -> None:
    _log.info("people.changed", officers=len(directory.officers))


def _complain(error: DirectoryError) -> None:
    _log.error("people.refused", mistakes=len(error.mistakes), first=error.mistakes[:_SHOWN])


@cache
def configured(service: str) -> Callable[[], Directory] | None:
    """Return what asks for the directory that PEOPLE_DIRECTORY names, as it is now; None when it
    names none. Ends the process with exit status 2 and the mistakes when it can't be used.
    """
    path = os.environ.get("PEOPLE_DIRECTORY", "")
    if not path:
        return None
    try:
        return PeopleRepository(Path(path), shipped().roles).now
    except DirectoryError as error:
        for mistake in error.mistakes:
            print(f"{service}: PEOPLE_DIRECTORY: {path}: {mistake}", file=sys.stderr)
        sys.exit(WRONG_SETTINGS)
