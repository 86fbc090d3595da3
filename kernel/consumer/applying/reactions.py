"""Runs reactions (policies, process managers): at once for a fresh event, later in a bulk read.

In a bulk read the outcome of a reaction may stand further on in the log (a rebuild), so the event
is kept as pending until its outcome is met or the end of the log is reached. What was decided once,
also that it brings nothing, is never decided again, and a reaction that a release has added
reacts to nothing of before. A stream with something pending waits for it, so its reactions keep
their order.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import select, tuple_
from sqlalchemy.exc import DBAPIError

from kernel.base.clock import Clock
from kernel.consumer.applying import quarantine_rows
from kernel.consumer.applying.results import Applied
from kernel.consumer.decisions import without_outcome
from kernel.consumer.decisions.beginnings import Beginnings
from kernel.consumer.decisions.service_stream import is_own
from kernel.eventsourcing.envelope import (
    Stream,
    payload_of,
    payload_type,
    short_name,
    stream_of,
    type_name,
)
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from kernel.telemetry.tracing import span_from

TRACE = "traceparent"
_CHUNK = 500
_TURN = 200


class Reactions:
    """The reactions of one transaction."""

    def __init__(self, uow: UnitOfWork, clock: Clock, *, reacting: bool) -> None:
        self._uow = uow
        self._model = uow.model
        self._clock = clock
        self._reacting = reacting
        self._known_waiting: set[Stream] | None = None
        self._looked_up: set[str] = set()
        self._caused: set[str] = set()

    def prepare(self, events: Sequence[Event]) -> None:
        """Look up at once which events have their outcome."""
        if not self._reacting or not self._model.reactions:
            return
        if asking := [e.event_id for e in events if self._asks(e, payload_type(e))]:
            self._look_up(asking)

    def follow(
        self, record: Record, event: Event, known: type[Message] | None, done: Applied
    ) -> None:
        """React to an accepted event, or keep the reaction for later."""
        if not self._model.reactions:
            return
        if event.source == self._model.source:
            if event.causation_id:
                self._uow.delete(self._model.tables.pending_reactions, event.causation_id)
            if is_own(event, self._model):
                without_outcome.take(self._uow, event)
        elif self._asks(event, known):
            if not self._reacting or stream_of(event) in self._waiting():
                self._keep(record, event)
                done.pended += 1
            else:
                self.react(event, record.header(TRACE), done.reactions)

    def react(self, event: Event, trace: str, acted: Counter[str]) -> None:
        """Append what the reaction to an event brings, unless it has its outcome; counts in
        ``acted`` the causes that brought something."""
        if event.event_id not in self._looked_up:
            self._look_up([event.event_id])
        if event.event_id in self._caused:
            return
        known = payload_type(event)
        assert known is not None, "only an event of a known type is reacted to"
        payloads = self._model.reactions[known](self._uow, event, payload_of(event))
        if payloads:
            cause = short_name(type_name(event))
            with span_from(trace, "log.react", "consumer", cause=cause) as span:
                now = self._clock.now()
                self._uow.append_reaction(event, payloads, now, span.traceparent)
            acted[cause] += 1
        else:
            without_outcome.note(self._uow, event.event_id)

    def _asks(self, event: Event, known: type[Message] | None) -> bool:
        return known in self._model.reactions and event.source != self._model.source

    def _waiting(self) -> set[Stream]:
        """Return the streams with something pending, those of before this transaction."""
        if self._known_waiting is None:
            table = self._model.tables.pending_reactions
            found = select(table.c.stream_kind, table.c.stream_id).distinct()
            rows = self._uow.connection.execute(found)
            self._known_waiting = {(kind, name) for kind, name in rows}
        return self._known_waiting

    def _look_up(self, event_ids: Sequence[str]) -> None:
        table = self._model.tables.events
        self._looked_up.update(event_ids)
        for start in range(0, len(event_ids), _CHUNK):
            chunk = event_ids[start : start + _CHUNK]
            found = self._uow.query(
                select(table.c.causation_id).where(table.c.causation_id.in_(chunk))
            )
            self._caused.update(cause for (cause,) in found)

    def _keep(self, record: Record, event: Event) -> None:
        self._uow.put(
            self._model.tables.pending_reactions,
            {
                "event_id": event.event_id,
                "stream_id": event.stream_id,
                "stream_kind": event.stream_kind,
                "partition": record.partition,
                "offset": record.offset,
                "body": record.value,
                "trace": record.header(TRACE),
            },
        )


class ReactionFailed(Exception):
    """A reaction that was left for later raised; ``row`` is its row, ``kind`` the exception's
    type.
    """

    def __init__(self, row: Row, kind: str) -> None:
        super().__init__(f"{kind} in a pending reaction")
        self.row = row
        self.kind = kind


def run_some(uow: UnitOfWork, clock: Clock) -> tuple[int, Counter[str]]:
    """Run the first pending reactions in the order of the log, but for what is decided; gives how
    many rows went, and the causes of those that acted.

    A stream with a failed reaction waits for its redrive.
    """
    table, aside = uow.model.tables.pending_reactions, uow.model.tables.quarantine
    failed = select(aside.c.stream_id, aside.c.stream_kind).where(
        aside.c.reason == quarantine_rows.HANDLER_ERROR,
        aside.c.error.startswith(quarantine_rows.REACTION),
    )
    rows = [
        dict(found)
        for found in uow.connection.execute(
            table.select()
            .where(tuple_(table.c.stream_id, table.c.stream_kind).not_in(failed))
            .order_by(table.c.partition, table.c.offset)
            .limit(_TURN)
        ).mappings()
    ]
    events = [Event.FromString(row["body"]) for row in rows]
    for wanted in uow.model.by_stream:
        uow.prefetch(wanted, [row["stream_id"] for row in rows])
    reactions = Reactions(uow, clock, reacting=True)
    reactions.prepare(events)
    decided = without_outcome.among(uow, [row["event_id"] for row in rows])
    begun = Beginnings(uow.connection, uow.model)
    acted: Counter[str] = Counter()
    for row, event in zip(rows, events, strict=True):
        uow.delete(table, row["event_id"])
        if row["event_id"] in decided:
            uow.delete(uow.model.tables.causes_without_outcome, row["event_id"])
            continue
        if begun.is_before(event, (row["partition"], row["offset"])):
            continue
        try:
            reactions.react(event, row["trace"], acted)
        except DBAPIError:
            raise
        except Exception as error:
            raise ReactionFailed(row, type(error).__qualname__) from error
    return len(rows), acted


def give_up(uow: UnitOfWork, topic: str, failure: ReactionFailed) -> None:
    """Show a failed reaction in the quarantine, where it holds back its stream; a redrive runs it
    again.

    The record itself was handled, so its redrive is a repeat, which frees the pending row.
    """
    row = failure.row
    event = Event.FromString(row["body"])
    headers = [(TRACE, row["trace"].encode())] if row["trace"] else []
    record = Record(row["partition"], row["offset"], event.stream_id.encode(), row["body"], headers)
    quarantine_rows.quarantine(
        uow,
        topic,
        record,
        quarantine_rows.HANDLER_ERROR,
        f"{quarantine_rows.REACTION}{failure.kind}",
        stream=stream_of(event),
        source=event.source,
        sequence=event.sequence,
        real_now=time.time_ns() // 1000,
    )
