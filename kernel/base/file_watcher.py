"""What is read from files, and read again when they change: no restart, no thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

EVERY: Final = 1.0
"""Seconds between two looks at the files."""


def stamp_of(*paths: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Return what differs once one of the files was changed or put in place; None for one that is
    not there.
    """
    return tuple(_stamp(path) for path in paths)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: no file can have such a name
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class FileWatcher(Generic[T, E]):
    """A value read from files; threads may share it.

    The files are looked at when somebody asks, ``every`` seconds after the last look at the
    earliest. What can't be used changes nothing: the value read last stays, and ``refused`` is
    told once for each change, of the files or of what is wrong with them. Until it can be used it
    is read again at every look, not only when the stamp changes: mending does not always show
    there. A file that may be read again keeps its time, and a stamp need not cover every file that
    a read leads to.
    """

    def __init__(
        self,
        stamp: Callable[[], object],
        read: Callable[[], T],
        wrong: type[E],
        *,
        changed: Callable[[T], object],
        refused: Callable[[E], object],
        every: float = EVERY,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read for the first time; raise what ``read`` does.

        ``stamp`` says whether anything changed, and never raises; ``wrong`` is what ``read`` raises
        when the files can't be used. ``changed`` is told of each later value once it is in force.
        """
        self._stamp_now = stamp
        self._read = read
        self._wrong = wrong
        self._changed = changed
        self._refused = refused
        self._every = every
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._told: object = None
        self._next = monotonic() + every
        self._stamp = stamp()
        self._value = read()

    def now(self) -> T:
        """Return the value as of a look that is at most ``every`` seconds old."""
        if self._monotonic() >= self._next:
            with self._lock:
                if self._monotonic() >= self._next:
                    self._look()
        return self._value

    def look(self) -> T:
        """Return the value after a look at this moment."""
        with self._lock:
            self._look()
        return self._value

    def _look(self) -> None:
        self._next = self._monotonic() + self._every
        # Before the read: what changes during it shows at the next look.
        stamp = self._stamp_now()
        if stamp == self._stamp:
            self._told = None
            return
        try:
            value = self._read()
        except self._wrong as error:
            told = (stamp, str(error))
            if told != self._told:
                self._told = told
                self._refused(error)
            return
        self._stamp, self._value, self._told = stamp, value, None
        self._changed(value)
