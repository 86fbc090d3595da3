"""What a replay is about to send: how many events of which types, of when, for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from motcua.audit.v1 import audit_pb2 as pb

from cli.replaying.pace import seconds_for
from kernel.base.instants import isoformat, to_us
from office.catalogue.dossier_code import OFFICE_ZONE
from office.streams import DOSSIER


@dataclass
class Summary:
    """Counts of events; instants in microseconds UTC, of those that happened first and last."""

    events: int = 0
    types: Counter[str] = field(default_factory=Counter)
    dossiers: set[str] = field(default_factory=set)
    earliest: int | None = None
    latest: int | None = None
    begins: int = 0
    ends: int = 0

    def seconds(self, speed: float, rate: float) -> float:
        """Return how long it takes at least to send them."""
        return seconds_for(self.events, max(0, self.ends - self.begins), speed, rate)

    def document(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "events": self.events,
            "dossiers": len(self.dossiers),
            "earliest": _iso(self.earliest),
            "latest": _iso(self.latest),
            "types": dict(self.types.most_common()),
        }


def summed_up(items: Iterable[pb.StreamEventsResponse]) -> Summary:
    """Return what events are, all of which are read."""
    found = Summary()
    for item in items:
        at = to_us(item.occurred_at)
        found.begins = at if not found.events else found.begins
        found.ends = max(found.ends, at)
        found.events += 1
        found.types[item.type] += 1
        if item.stream_kind == DOSSIER:
            found.dossiers.add(item.stream_id)
        found.earliest = at if found.earliest is None else min(found.earliest, at)
        found.latest = at if found.latest is None else max(found.latest, at)
    return found


def _iso(us: int | None) -> str | None:
    return None if us is None else isoformat(us, OFFICE_ZONE)
