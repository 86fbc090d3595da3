"""Who wrote a record: each source proves its records by a code in a header (HMAC-SHA256).

The code covers the event's bytes, which hold its source, stream, sequence and id, and the events
that the record carries in its header ``batch``. Each source has a key of its own, derived from a
key that all services share: whoever has that can write as any of them, and an ordinary client of
the log as none.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kernel.eventsourcing.envelope import BATCH

if TYPE_CHECKING:
    from kernel.eventsourcing.record import Record

HEADER: Final = "motcua-mac"
_ID_DIGITS: Final = 16
_PREFIX: Final = _ID_DIGITS + 1


class Authenticator:
    """Makes and checks the codes of records. Thread-safe."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """``keys`` are of 32 bytes each: the first one makes codes, and all check them. Raise
        ``ValueError`` for none.
        """
        if not keys:
            raise ValueError("no key for records")
        self._keys: Mapping[bytes, bytes] = {_prefix(key): key for key in keys}
        self._own = _prefix(keys[0])
        self._of_source = lru_cache(maxsize=64)(self._derived)

    def header(self, source: str, body: bytes, batch: bytes = b"") -> tuple[str, bytes]:
        """Return the header by which a source proves an event's bytes and the header ``batch``
        beside them: the key's id and the code.
        """
        return HEADER, self._value(self._own, source, body, batch)

    def proves(self, record: Record, source: str) -> bool:
        """Return whether a record was written by the source that it names."""
        found = [value for name, value in record.headers if name == HEADER]
        if len(found) != 1 or not found[0]:
            return False
        prefix = found[0][:_PREFIX]
        return prefix in self._keys and hmac.compare_digest(
            found[0],
            self._value(prefix, source, record.value or b"", record.header_bytes(BATCH)),
        )

    def _value(self, prefix: bytes, source: str, body: bytes, batch: bytes) -> bytes:
        key = self._of_source(prefix, source)
        code = hmac.digest(key, body, "sha256")
        if batch:
            code = hmac.digest(
                self._of_source(prefix, f"{source}, several"), code + batch, "sha256"
            )
        return prefix + code.hex().encode()

    def _derived(self, prefix: bytes, source: str) -> bytes:
        return hmac.digest(self._keys[prefix], f"records of {source}".encode(), "sha256")


def key_id(key: bytes) -> str:
    """Return what names a key in a header, and gives nothing of it away."""
    return hmac.digest(key, b"id of a key of records", "sha256").hex()[:_ID_DIGITS]


def _prefix(key: bytes) -> bytes:
    return f"{key_id(key)}:".encode()
