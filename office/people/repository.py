"""The repository of people: reads the directory again within a second of a change of its files.

If the changed files can't be used, the directory read last stays in force, and the mistakes are
logged once for each change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.documents.mistakes import DocumentError
from kernel.telemetry.logs import get_logger
from office.people.directory import Directory
from office.people.files import files_of, read_directory
from office.permissions import shipped

_MOST_LOGGED: Final = 5
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
        """Read the directory; raise ``DocumentError``."""
        known = frozenset(roles)
        self._watched = FileWatcher(
            lambda: stamp_of(*files_of(path)),
            lambda: read_directory(path, known),
            DocumentError,
            on_change=_log_change,
            on_error=_log_refusal,
            monotonic=monotonic,
        )

    def now(self) -> Directory:
        """Return the directory, at most one second old."""
        return self._watched.value()


def _log_change(directory: Directory) -> None:
    _log.info("people.changed", officers=len(directory.officers))


def _log_refusal(error: DocumentError) -> None:
    _log.error(
        "people.refused",
        mistakes=len(error.mistakes),
        first=[str(each) for each in error.mistakes[:_MOST_LOGGED]],
    )


def open_directory(path: Path | None) -> Callable[[], Directory] | None:
    """Return a function that returns the current directory; None where no file is named.

    Raise ``DocumentError`` if the directory can't be used.
    """
    if path is None:
        return None
    try:
        return PeopleRepository(path, shipped().roles).now
    except DocumentError as error:
        raise DocumentError(error.mistakes, f"PEOPLE_DIRECTORY: {path}") from error
