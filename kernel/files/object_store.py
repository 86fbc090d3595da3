"""What a file store asks of the place where its objects lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kernel.base.errors import Unavailable
from kernel.messages.texts import TEXTS


class StoreAway(Unavailable):
    """The store does not answer, or does not let us; a retry may help."""

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("files.away"), code="FILES_AWAY")


class StoreFull(Unavailable):
    """The store has no room; nothing was written."""

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("files.full"), code="FILES_FULL")


class ObjectExists(Exception):
    """An object of that name is there, and is never replaced."""


class ObjectMissing(Exception):
    """There is no object of that name."""


class ObjectStore(Protocol):
    """Objects in folders, each written once as a whole. Thread-safe; each method blocks.

    A folder is named by 32 hexadecimal digits, an object by a number. Each method raises
    ``StoreAway`` when the store does not answer.
    """

    def create(self, folder: str, number: int, data: bytes) -> None:
        """Write an object; it is there whole, or not at all, but durable only after ``sync``.

        Raise ``ObjectExists`` when one of that name is there, ``StoreFull`` without room.
        """
        ...

    def sync(self, folder: str) -> None:
        """Make the objects of a folder durable; blocks until they are."""
        ...

    def read(self, folder: str, number: int) -> bytes:
        """Return an object; raise ``ObjectMissing``."""
        ...

    def sizes(self, folder: str) -> Mapping[int, int]:
        """Return the bytes of each object of a folder; nothing for a folder that is not there."""
        ...

    def delete(self, folder: str) -> None:
        """Delete a folder with its objects, if it is there."""
        ...
