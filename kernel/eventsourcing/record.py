"""A record of the log as it was read, before anybody believed it."""

from __future__ import annotations

from typing import NamedTuple

from kernel.eventsourcing.envelope import Headers


class Record(NamedTuple):
    """One Kafka record: where it stands and its original bytes."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: str) -> str:
        """Return a header as text; empty when it is missing or no text."""
        for key, value in self.headers:
            if key == name:
                return value.decode("utf-8", "replace") if value else ""
        return ""
