"""A record of the log as it was read, before it was judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from kernel.eventsourcing.envelope import Headers


class Record(NamedTuple):
    """One Kafka record: where it stands and its original bytes."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int = -1
    """The broker's time of the record in milliseconds since 1970; -1 when it is not known."""

    def header(self, name: str) -> str:
        """Return a header as text; empty when it is missing or no text."""
        return self.header_bytes(name).decode("utf-8", "replace")

    def header_bytes(self, name: str) -> bytes:
        """Return a header as it is; empty when it is missing."""
        for key, value in self.headers:
            if key == name:
                return value or b""
        return b""


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that the log must have: the last one that was read, or written, of a partition."""

    offset: int
    digest: bytes


def record_digest(record: Record) -> bytes:
    """Return a digest of a record's key and value."""
    key, value = record.key or b"", record.value or b""
    return sha256(len(key).to_bytes(4, "big") + key + value).digest()


def name_partitions(partitions: Iterable[int]) -> str:
    """Return partitions, of which there is one at least, in words."""
    *others, last = map(str, sorted(partitions))
    return f"partitions {', '.join(others)} and {last}" if others else f"partition {last}"
