"""The states of many streams, folded from a service's own events in one read.

No snapshot is stored: streams are short, and ``Remembered`` keeps the states at work in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, select

from kernel.eventsourcing.service_model import Model


def states_of(connection: Connection, model: Model, stream_ids: Sequence[str]) -> dict[str, Any]:
    """Return the decider's state of each of these streams of the service's own kind; the initial
    one where it has no event.
    """
    events = model.tables.events.c
    found = connection.execute(
        select(events.body)
        .where(
            events.stream_id.in_(stream_ids),
            events.stream_kind == model.stream_kind,
            events.source == model.source,
        )
        .order_by(events.stream_id, events.sequence)
    )
    states = dict.fromkeys(stream_ids, model.initial)
    for (body,) in found:
        event = Event.FromString(body)
        stream_id = event.stream_id
        states[stream_id] = model.evolve(states[stream_id], event)
    return states
