"""What a replay reads: a period, a dossier, from given places on, as far as a filter takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from motcua.audit.v1 import audit_pb2 as pb

from kernel.base.instants import to_timestamp, to_us
from office.streams import DOSSIER


@dataclass(frozen=True)
class Selection:
    """``first`` ≤ occurred_at < ``end`` in microseconds UTC, where these are given, and after these
    offsets of partitions. ``expression`` is the filter's.
    """

    first: int | None = None
    end: int | None = None
    dossier: str = ""
    expression: str = ""
    after: Mapping[int, int] = field(default_factory=dict)

    def request(self) -> pb.StreamEventsRequest:
        """Return what audit is asked for."""
        request = pb.StreamEventsRequest(dossier_code=self.dossier)
        if self.first is not None:
            request.from_time.CopyFrom(to_timestamp(self.first))
        if self.end is not None:
            request.to_time.CopyFrom(to_timestamp(self.end))
        return request

    def has(self, item: pb.StreamEventsResponse) -> bool:
        """Return whether an event is of it, whatever the filter says."""
        at = to_us(item.occurred_at)
        return (
            (self.first is None or at >= self.first)
            and (self.end is None or at < self.end)
            and (
                not self.dossier or (item.stream_id == self.dossier and item.stream_kind == DOSSIER)
            )
        )

    def document(self) -> dict[str, Any]:
        """Return what tells it from another one, for JSON."""
        after = {str(partition): offset for partition, offset in sorted(self.after.items())}
        return {
            "from": self.first, "to": self.end, "dossier": self.dossier,
            "filter": self.expression, "after": after,
        }  # fmt: skip
