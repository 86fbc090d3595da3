"""Events in a file, a JSON object a line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from motcua.audit.v1 import audit_pb2 as pb

from cli.replaying.event_json import to_line
from cli.replaying.targets.target import TargetFailed


class FileTarget:
    """Writes beside the file, and renames that once it is whole."""

    def __init__(self, path: Path, mark: int) -> None:
        """``mark`` is the size of what an interrupted replay has left. Raise ``TargetFailed``."""
        self._path = path
        self._handle: BinaryIO
        self._broken: TargetFailed | None = None
        # A device or a pipe can only be written to.
        self._beside = path.with_name(f"{path.name}.part") if _is_plain(path) else path
        try:
            goes_on = mark and self._beside != path
            self._handle = self._beside.open("r+b" if goes_on else "wb")
            if goes_on:
                self._handle.truncate(mark)
                self._handle.seek(mark)
        except OSError as error:
            raise self._failed(error) from error

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Write an event."""
        try:
            self._handle.write(to_line(item).encode() + b"\n")
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> int:
        """Return the size of what is on the disk."""
        if self._broken is not None:
            raise self._broken
        try:
            self._handle.flush()
            if self._beside == self._path:
                return 0
            os.fsync(self._handle.fileno())
        except OSError as error:
            raise self._failed(error) from error
        return self._handle.tell()

    def finish(self) -> None:
        """Move the file to its own name."""
        if self._beside != self._path:
            self._beside.replace(self._path)

    def close(self) -> None:
        """Close the file."""
        try:
            self._handle.close()
        except OSError:  # a flush has told of it
            pass

    def _failed(self, error: OSError) -> TargetFailed:
        self._broken = TargetFailed(f"{self._path}: {error.strerror}")
        return self._broken


def _is_plain(path: Path) -> bool:
    return path.is_file() or not path.exists()
