"""Segments: the pieces in which a file is encrypted, each of which can be read by itself.

A segment is 12 random bytes, then its content encrypted by AES-256-GCM with the file's own key.
Authenticated with it are the file, the number of the segment, and whether it is the last one: a
segment that was exchanged, or a file that was cut off, can't be read.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEGMENT: Final = 1024 * 1024
"""Bytes of content in each segment but the last one."""
KEY_BYTES: Final = 32
_NONCE: Final = 12
_TAG: Final = 16
_KIND: Final = b"motcua file segment, version 1|"


class Damaged(Exception):
    """A segment is not what was written, or not where it was written."""


def number_of(size: int) -> int:
    """Return how many segments the content of a file of ``size`` bytes has."""
    return -(-size // SEGMENT)


def sealed_size(size: int, number: int) -> int:
    """Return how many bytes a segment has, encrypted, of a file whose content has ``size``."""
    return min(SEGMENT, size - number * SEGMENT) + _NONCE + _TAG


class SegmentCipher:
    """Encrypts and decrypts the segments of one file, of which the size is known. Thread-safe."""

    def __init__(self, file_id: str, secret: bytes, size: int) -> None:
        self._cipher = AESGCM(secret)
        self._file = _KIND + file_id.encode() + b"|"
        self._last = number_of(size) - 1

    def seal(self, number: int, content: bytes) -> bytes:
        """Return a segment, encrypted."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, self._place(number))

    def open(self, number: int, sealed: bytes) -> bytes:
        """Return the content of a segment; raise ``Damaged``."""
        try:
            content = memoryview(sealed)[_NONCE:]
            return self._cipher.decrypt(sealed[:_NONCE], content, self._place(number))
        except (InvalidTag, ValueError) as fault:
            raise Damaged(f"segment {number}") from fault

    def _place(self, number: int) -> bytes:
        last = b"last" if number == self._last else b"more"
        return self._file + number.to_bytes(8, "big") + last
