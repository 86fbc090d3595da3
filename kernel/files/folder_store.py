"""Objects as files below a folder of this machine."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import uuid_utils

from kernel.files.object_store import ObjectExists, ObjectMissing, StoreAway, StoreFull
from kernel.storage.durable_files import sync_folder
from kernel.telemetry.logs import RateLimit, fault, get_logger

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PARTIAL: Final = ".new"
_log = get_logger(__name__)


def folder_of(url: str) -> Path:
    """Return the folder that a URL such as ``file:///srv/files`` names; raise ``ValueError``."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc or parts.query or not path.is_absolute():
        raise ValueError("must be like file:///srv/files, an absolute path")
    if path == Path(path.root):
        raise ValueError("must name a folder of its own, not the root of the machine")
    return path


class FolderStore:
    """An ``ObjectStore`` below a folder."""

    def __init__(self, root: Path) -> None:
        """Make the folder when it is missing; raise ``OSError`` when that can't be done."""
        root.mkdir(parents=True, exist_ok=True)
        self._root = root
        self._faults = RateLimit()

    def create(self, folder: str, number: int, data: bytes) -> None:
        """Write an object."""
        with self._failing():
            place = self._place(folder)
            if not place.is_dir():
                for each in (place.parent, place):  # never the root: a disk may not be mounted
                    each.mkdir(exist_ok=True)
            partial = place / f"{number}.{uuid_utils.uuid7().hex}{_PARTIAL}"
            try:
                partial.write_bytes(data)
                os.link(partial, place / str(number))  # in contrast to a renaming, replaces nothing
            except FileExistsError:
                raise ObjectExists from None
            finally:
                with suppress(OSError):
                    partial.unlink()

    def sync(self, folder: str) -> None:
        """Make the objects of a folder durable."""
        with self._failing():
            place = self._place(folder)
            for number in self._numbers(place):
                handle = os.open(place / str(number), os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
            for each in (place, place.parent, self._root):
                sync_folder(each)

    def read(self, folder: str, number: int) -> bytes:
        """Return an object."""
        with self._failing():
            try:
                return (self._place(folder) / str(number)).read_bytes()
            except FileNotFoundError:
                if not self._root.is_dir():
                    raise
                raise ObjectMissing from None

    def sizes(self, folder: str) -> Mapping[int, int]:
        """Return the bytes of each object of a folder."""
        with self._failing():
            place = self._place(folder)
            return {n: (place / str(n)).stat().st_size for n in self._numbers(place)}

    def delete(self, folder: str) -> None:
        """Delete a folder."""
        with self._failing(), suppress(FileNotFoundError):
            shutil.rmtree(self._place(folder))

    def _place(self, folder: str) -> Path:
        # The first digits of a UUIDv7 are the time's: the last ones spread over all folders.
        return self._root / folder[-2:] / folder

    def _numbers(self, place: Path) -> list[int]:
        try:
            return sorted(int(name) for name in os.listdir(place) if name.isdecimal())
        except FileNotFoundError:
            return []

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._faults.allow(type(error).__name__):
                reason = errno.errorcode.get(error.errno or 0, "")
                _log.error("files.store_failed", reason=reason, **fault(error))
            raise (StoreFull if error.errno in _FULL else StoreAway)() from error
