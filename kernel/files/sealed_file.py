"""One file of a store: received piece by piece, encrypted, and read from any offset."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.files.object_store import ObjectMissing, ObjectStore
from kernel.files.segments import SEGMENT, Damaged, SegmentCipher, number_of, sealed_size


class SealedFile:
    """A file whose content lies in a store, encrypted by the file's own key.

    Memory is that of a segment, whatever the size of the file. Each method blocks.
    """

    def __init__(self, store: ObjectStore, file_id: str, secret: bytes, size: int) -> None:
        """``file_id`` has 32 hexadecimal digits; ``size`` is the content's, once it is whole."""
        self._store = store
        self._file_id = file_id
        self._size = size
        self._cipher = SegmentCipher(file_id, secret, size)

    def received(self) -> int:
        """Return how many bytes of the content are there, from its beginning without a gap."""
        sizes = self._store.sizes(self._file_id)
        number = 0
        while number < number_of(self._size) and sizes.get(number) == sealed_size(
            self._size, number
        ):
            number += 1
        return min(number * SEGMENT, self._size)

    def write(self, number: int, content: bytes) -> None:
        """Write a segment; raise ``ObjectExists`` when it was written before."""
        self._store.create(self._file_id, number, self._cipher.seal(number, content))

    def sync(self) -> None:
        """Make what was written durable."""
        self._store.sync(self._file_id)

    def read(self, offset: int) -> Iterator[bytes]:
        """Yield the content from an offset in pieces of a segment at most; raise ``Damaged``."""
        for number in range(offset // SEGMENT, number_of(self._size)):
            try:
                sealed = self._store.read(self._file_id, number)
            except ObjectMissing as fault:
                raise Damaged(f"segment {number} is missing") from fault
            content = self._cipher.open(number, sealed)
            yield content[max(0, offset - number * SEGMENT) :]
