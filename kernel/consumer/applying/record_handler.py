"""Handles the records of a batch in its transaction: in order, deduplicated, or quarantined.

Each source numbers its events of a stream. A sequence seen before with the same bytes is a repeat;
with other bytes it is forged, or was written by a database that had lost events, and holds back its
stream until an operator has looked. The next one is accepted; a later one is a gap and holds back
its stream until the gap closes. Whatever holds back a
stream holds back its later records of all sources, and no other stream. Own events are never held
back: they were decided here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from motcua.events.v1.event_pb2 import Event
from motcua.operations.v1.service_events_pb2 import RecordDiscarded
from sqlalchemy.exc import DBAPIError

from kernel.consumer.applying import quarantine_rows
from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.decode import (
    KEY_MISMATCH,
    NOT_PROVEN,
    UNAUTHENTICATED,
    UNDECODABLE,
    key_fits,
    read,
    stream_of_key,
)
from kernel.consumer.applying.reactions import Reactions
from kernel.consumer.applying.results import Applied, Past, RecordFailed
from kernel.consumer.decisions import batches
from kernel.consumer.decisions.discards import Discards, digest
from kernel.consumer.decisions.service_stream import write_call
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import Stream, payload_type, stream_of
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row


class RecordHandler:
    """One transaction's work on records."""

    def __init__(
        self,
        uow: UnitOfWork,
        topic: str,
        reactions: Reactions,
        refused: Mapping[Place, str],
        past: Past | None,
        discards: Discards,
    ) -> None:
        self.done = Applied()
        self._uow = uow
        self._model = uow.model
        self._own = uow.model.source
        self._topic = topic
        self._reactions = reactions if uow.model.reactions else None
        self._refused = refused
        self._past = past
        self._discards = discards
        self._held: dict[Stream, dict[Place, Row]] = {}

    def take_all(self, records: Sequence[Record]) -> None:
        """Handle records in order; their outcomes are in ``done``."""
        events = [read(record) for record in records]
        whole = [event for event in events if event is not None]
        self.prepare_streams(list({event.stream_id for event in whole}))
        if self._reactions is not None:
            self._reactions.prepare(whole)
        take = self.take
        self.done.outcomes = [take(r, e) for r, e in zip(records, events, strict=True)]

    def prepare_streams(self, stream_ids: Sequence[str]) -> None:
        """Read at once what the streams with these ids have."""
        if not stream_ids:
            return
        self._uow.prefetch(self._model.tables.streams, stream_ids)
        for table in self._model.by_stream:
            self._uow.prefetch(table, stream_ids)
        self._held = quarantine_rows.held(self._uow, stream_ids)

    def take(self, record: Record, event: Event | None) -> bool:
        """Handle a record; True when it was quarantined by a fault of its own."""
        if event is None:
            return self._refuse(record, None, UNDECODABLE, "not an event")
        stream_id, kind, source = event.stream_id, event.stream_kind, event.source
        if record.key != stream_id.encode():
            self.done.mismatches += 1
            error = "the key names another stream than the event"
            return self._refuse(record, event, KEY_MISMATCH, error)
        if not self._is_proven(record, event):
            refused = self._refuse(record, event, UNAUTHENTICATED, NOT_PROVEN)
            self.done.unauthenticated += refused
            return refused
        past = self._past
        if past is not None and not past.admit(record, event):
            return False
        sequence = event.sequence
        last = self._uow.sequence(stream_id, source, kind)
        if sequence <= last:
            return self._take_again(record, event)
        if self._is_discarded(record, event):
            self._quarantine(record, event, quarantine_rows.DISCARDED, "")
            self._uow.advance(event, record.value or b"")
            return False
        if sequence == last + 1 and (kind, stream_id) not in self._held:
            return self._accept(record, event) == quarantine_rows.HANDLER_ERROR
        return self._take_out_of_order(record, event, last)

    def _refuse(self, record: Record, event: Event | None, reason: str, error: str) -> bool:
        """Quarantine a record that belongs to no stream; return False for one that an operator gave
        up.
        """
        discarded = self._discards.has(record, event)
        self._quarantine(record, None, quarantine_rows.DISCARDED if discarded else reason, error)
        return not discarded

    def _is_proven(self, record: Record, event: Event) -> bool:
        authenticator = self._model.authenticator
        return authenticator is None or authenticator.proves(record, event.source)

    def _is_discarded(self, record: Record, event: Event) -> bool:
        """Return whether an operator gave a record up, as the log or the live database has it."""
        if self._discards.has(record, event):
            return True
        return self._past is not None and (record.partition, record.offset) in self._past.discarded

    def _take_again(self, record: Record, event: Event) -> bool:
        """Handle a record whose place in its stream is taken: by the same event, which makes it a
        repeat, or by another one, which no honest writer has written.
        """
        if not self._uow.contradicts(event, record.value or b""):
            if self._model.every is not None and event.source == self._own:
                self._model.every(self._uow, record, event)  # written here, and not read before
            self.done.repeats += 1
            return False
        if self._is_discarded(record, event):
            self._quarantine(record, event, quarantine_rows.DISCARDED, "")
            return False
        self.done.conflicts += 1
        error = f"another event has sequence {event.sequence}"
        self._quarantine(record, event, quarantine_rows.CONFLICTING, error)
        return True

    def _take_out_of_order(self, record: Record, event: Event, last: int) -> bool:
        stream = stream_of(event)
        head = self._head(stream)
        if head is None:
            error = f"expected {last + 1}, got {event.sequence}"
            self._quarantine(record, event, quarantine_rows.GAP, error)
            return True
        fills = _fills(head, event, last)
        if not (fills or self._is_next_own(event, last)):
            self._quarantine(
                record, event, quarantine_rows.BEHIND, "an earlier record is quarantined"
            )
            return False
        fault = self._accept(record, event)
        if fault is None and fills:
            self.drain(stream)
        return fault == quarantine_rows.HANDLER_ERROR

    def _head(self, stream: Stream) -> Row | None:
        rows = self._held.get(stream)
        return next(iter(rows.values())) if rows else None

    def _is_next_own(self, event: Event, last: int) -> bool:
        return event.source == self._own and event.sequence == last + 1

    def _accept(self, record: Record, event: Event, row: Row | None = None) -> str | None:
        """Handle the next event of its stream; gives the reason when it was quarantined instead."""
        place = (record.partition, record.offset)
        if place in self._refused:
            self._quarantine(
                record, event, quarantine_rows.HANDLER_ERROR, self._refused[place], row
            )
            return quarantine_rows.HANDLER_ERROR
        known = payload_type(event)
        if known is None:
            if event.must_understand and self._model.every is None:  # a recorder needs no meaning
                self._quarantine(
                    record, event, quarantine_rows.NEEDS_UPGRADE, "a type newer than this", row
                )
                return quarantine_rows.NEEDS_UPGRADE
            self.done.unknown += 1
        try:
            if self._model.every is not None:
                self._model.every(self._uow, record, event)
            self._uow.ingest(event, record.value or b"")
            if event.source == self._own:
                batches.keep(self._uow, record)
            if self._reactions is not None:
                self._reactions.follow(record, event, known, self.done)
        except DBAPIError:
            raise
        except Exception as error:
            raise RecordFailed(place, type(error).__qualname__) from error
        self.done.handled += 1
        self.done.last = event
        if self._past is not None and place in self._past.stuck:
            self._quarantine(record, event, quarantine_rows.HANDLER_ERROR, quarantine_rows.REACTION)
        return None

    def drain_all(self) -> None:
        """Handle what is quarantined of the streams that were prepared, as far as it goes."""
        for stream in list(self._held):
            self.drain(stream)

    def drain(self, stream: Stream) -> None:
        """Handle what is quarantined of a stream, as far as it goes."""
        while (head := self._head(stream)) is not None:
            row = self._ready(stream, head["source"])
            if row is None:
                self._mark(head, quarantine_rows.GAP, "an event before this one is missing")
                return
            if not self.again(row):
                return

    def _ready(self, stream: Stream, source: str) -> Row | None:
        """Return the first row of a source in a stream that can be handled now: in a gap it may
        stand behind a later one.
        """
        kind, stream_id = stream
        following = self._uow.sequence(stream_id, source, kind) + 1
        for row in self._held[stream].values():
            if row["source"] == source and row["sequence"] <= following:
                return row
        return None

    def again(self, row: Row) -> bool:
        """Try a record that was quarantined; True when it is done with."""
        record = quarantine_rows.record_of(row)
        event = read(record)
        if event is None or not key_fits(record, event):
            self._mark(row, row["reason"], row["error"])
            return False
        if not self._is_proven(record, event):
            self._mark(row, UNAUTHENTICATED, NOT_PROVEN)
            return False
        last = self._uow.sequence(event.stream_id, event.source, event.stream_kind)
        if event.sequence > last + 1:
            self._mark(row, quarantine_rows.GAP, f"expected {last + 1}, got {event.sequence}")
            return False
        if event.sequence <= last:
            if self._uow.contradicts(event, record.value or b""):
                self._mark(row, row["reason"], row["error"])
                return False
            self.done.repeats += 1
        elif self._accept(record, event, row) is not None:
            return False
        self._uow.delete(self._model.tables.quarantine, row["partition"], row["offset"])
        self._forget(row)
        return True

    def discard(self, row: Row, call: Call) -> None:
        """Discard a record for good, or only its reaction where that has failed, and write on the
        log that an operator did; its stream goes on after it.
        """
        self._mark(row, quarantine_rows.DISCARDED, row["error"])
        self._forget(row)
        record = quarantine_rows.record_of(row)
        event = read(record)
        only_reaction = row["error"].startswith(quarantine_rows.REACTION)
        write_call(
            self._uow,
            RecordDiscarded(
                partition=record.partition,
                offset=record.offset,
                stream_kind=row["stream_kind"],
                stream_id=row["stream_id"],
                event_id="" if event is None else event.event_id,
                digest=digest(record),
                reason=row["reason"],
                error=row["error"],
                only_reaction=only_reaction,
            ),
            call,
        )
        if event is not None and key_fits(record, event) and self._is_proven(record, event):
            if only_reaction:
                self._uow.delete(self._model.tables.pending_reactions, event.event_id)
            stream_id, kind, source = event.stream_id, event.stream_kind, event.source
            if event.sequence > self._uow.sequence(stream_id, source, kind):
                self._uow.advance(event, record.value or b"")

    def _mark(self, row: Row, reason: str, error: str) -> None:
        changed = {**row, "reason": reason, "error": error, "attempts": row["attempts"] + 1}
        self._uow.put(self._model.tables.quarantine, changed)
        rows = self._held.get(quarantine_rows.stream_in(row), {})
        if quarantine_rows.place_of(row) in rows:
            rows[quarantine_rows.place_of(row)] = changed

    def _forget(self, row: Row) -> None:
        stream = quarantine_rows.stream_in(row)
        rows = self._held.get(stream, {})
        rows.pop(quarantine_rows.place_of(row), None)
        if not rows:
            self._held.pop(stream, None)

    def _quarantine(
        self,
        record: Record,
        event: Event | None,
        reason: str,
        error: str,
        row: Row | None = None,
    ) -> None:
        if row is not None:
            self._mark(row, reason, error)
            return
        made = quarantine_rows.quarantine(
            self._uow,
            self._topic,
            record,
            reason,
            error,
            stream=("", stream_of_key(record)) if event is None else stream_of(event),
            source="" if event is None else event.source,
            sequence=0 if event is None else event.sequence,
            real_now=time.time_ns() // 1000,
        )
        if reason in quarantine_rows.HOLDING:
            stream = quarantine_rows.stream_in(made)
            self._held.setdefault(stream, {})[quarantine_rows.place_of(made)] = made


def _fills(head: Row, event: Event, last: int) -> bool:
    """Return whether an event is the one that a held stream waits for."""
    waits = head["reason"] == quarantine_rows.GAP and head["source"] == event.source
    return waits and event.sequence == last + 1
