"""Values read from files, and read again when the files change, without a restart or a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

INTERVAL: Final = 1.0
"""Seconds between two checks of the files."""


def stamp_of(*paths: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """Return the inode, size and time of change (nanoseconds) of each file; None for one that is
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
    """A value read from files. Thread-safe.

    The files are checked when the value is asked for, at the earliest ``interval`` seconds after
    the last check. Files that can't be used change nothing: the value read last stays, and
    ``on_error`` is called once for each change of the files or of the error. Until they can be used
    they are read again at every check, not only when the stamp changes, because a repair does not
    always show there: a file whose permissions change keeps its time, and a stamp need not cover
    every file that a read leads to.
    """

    def __init__(
        self,
        stamp: Callable[[], object],
        read: Callable[[], T],
        error_type: type[E],
        *,
        on_change: Callable[[T], object],
        on_error: Callable[[E], object],
        interval: float = INTERVAL,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the files for the first time; raise what ``read`` raises.

        ``stamp`` returns another value when a file has changed, and never raises; ``error_type`` is
        what ``read`` raises for files that can't be used. ``on_change`` is called with each later
        value once ``value`` returns it.
        """
        self._stamp_now = stamp
        self._read = read
        self._error_type = error_type
        self._on_change = on_change
        self._on_error = on_error
        self._interval = interval
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._reported: object = None
        self._next = monotonic() + interval
        self._stamp = stamp()
        self._value = read()

    def value(self) -> T:
        """Return the value as of a check that is at most ``interval`` seconds old."""
        if self._monotonic() >= self._next:
            with self._lock:
                if self._monotonic() >= self._next:
                    self._check()
        return self._value

    def refresh(self) -> T:
        """Check the files now and return the value."""
        with self._lock:
            self._check()
        return self._value

    def _check(self) -> None:
        self._next = self._monotonic() + self._interval
        # Before the read: what changes during it shows at the next check.
        stamp = self._stamp_now()
        if stamp == self._stamp:
            self._reported = None
            return
        try:
            value = self._read()
        except self._error_type as error:
            report = (stamp, str(error))
            if report != self._reported:
                self._reported = report
                self._on_error(error)
            return
        self._stamp, self._value, self._reported = stamp, value, None
        self._on_change(value)
