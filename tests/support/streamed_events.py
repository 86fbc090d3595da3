"""Events as audit streams them."""

from __future__ import annotations

from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from kernel.base.instants import SECOND, to_timestamp
from kernel.eventsourcing.envelope import short_name, type_name
from tests.support.feed import code_of, supplement

BEGIN = 1_628_470_800 * SECOND
"""2021-08-09 08:00 by the office's clock."""


def item(
    number: int, *, partition: int = 0, offset: int = 0, at: float = 0.0
) -> pb.StreamEventsResponse:
    """Return a supplement, `at` seconds after the beginning."""
    event: Event = supplement(code_of(number), number, number)
    event.occurred_at.CopyFrom(to_timestamp(BEGIN + int(at * SECOND)))
    return pb.StreamEventsResponse(
        partition=partition, offset=offset, type=short_name(type_name(event)),
        body=event.SerializeToString(), occurred_at=event.occurred_at,
        stream_id=event.stream_id, stream_kind=event.stream_kind,
    )  # fmt: skip
