"""What happens to records in a batch's transaction: in order, once, or set aside.

A record's stream is (dossier, source). A sequence seen before is a repeat; the next one is
accepted; a later one is a gap and holds back its dossier until the gap closes. Whatever holds back
a dossier holds back its later records, and no other dossier. Own events are never held back: they
were decided here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from motcua.events.v1.envelope_pb2 import DossierEvent
from sqlalchemy.exc import DBAPIError

from kernel.consumer.applying import quarantine_rows
from kernel.consumer.applying.batch import Place
from kernel.consumer.applying.decode import KEY_MISMATCH, UNDECODABLE, code_of_key, key_fits, read
from kernel.consumer.applying.reactions import Reactions
from kernel.consumer.applying.results import Applied, Past, RecordFailed
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
    ) -> None:
        self.done = Applied()
        self._uow = uow
        self._model = uow.model
        self._own = uow.model.source
        self._topic = topic
        self._reactions = reactions if uow.model.reactions else None
        self._refused = refused
        self._past = past
        self._held: dict[str, dict[Place, Row]] = {}

    def take_all(self, records: Sequence[Record]) -> None:
        """Handle records in order; their outcomes are in ``done``."""
        events = [read(record) for record in records]
        whole = [event for event in events if event is not None]
        self.prepare_codes(list({event.dossier_code for event in whole}))
        if self._reactions is not None:
            self._reactions.prepare(whole)
        take = self.take
        self.done.outcomes = [take(r, e) for r, e in zip(records, events, strict=True)]

    def prepare_codes(self, codes: Sequence[str]) -> None:
        """Read at once what these dossiers have."""
        if not codes:
            return
        self._uow.prefetch(self._model.tables.streams, codes)
        for table in self._model.by_dossier:
            self._uow.prefetch(table, codes)
        self._held = quarantine_rows.held(self._uow, codes)

    def take(self, record: Record, event: DossierEvent | None) -> bool:
        """Handle a record; True when it was set aside by a fault of its own."""
        if event is None:
            self._set_aside(record, None, UNDECODABLE, "not an event")
            return True
        code = event.dossier_code
        if record.key != code.encode():
            self.done.mismatches += 1
            error = "the key names another dossier than the event"
            self._set_aside(record, None, KEY_MISMATCH, error)
            return True
        past = self._past
        if past is not None and not past.admit(record, event):
            return False
        sequence = event.sequence
        last = self._uow.sequence(code, event.source)
        if sequence <= last:
            self.done.repeats += 1
            return False
        if past is not None and (record.partition, record.offset) in past.discarded:
            self._set_aside(record, event, quarantine_rows.DISCARDED, "")
            self._uow.advance(code, event.source, sequence)
            return False
        if sequence == last + 1 and code not in self._held:
            return self._accept(record, event) == quarantine_rows.HANDLER_ERROR
        return self._take_out_of_order(record, event, last)

    def _take_out_of_order(self, record: Record, event: DossierEvent, last: int) -> bool:
        code = event.dossier_code
        head = self._head(code)
        if head is None:
            error = f"expected {last + 1}, got {event.sequence}"
            self._set_aside(record, event, quarantine_rows.GAP, error)
            return True
        fills = _fills(head, event, last)
        if not (fills or self._is_next_own(event, last)):
            self._set_aside(record, event, quarantine_rows.BEHIND, "an earlier record is set aside")
            return False
        fault = self._accept(record, event)
        if fault is None and fills:
            self.drain(code)
        return fault == quarantine_rows.HANDLER_ERROR

    def _head(self, code: str) -> Row | None:
        rows = self._held.get(code)
        return next(iter(rows.values())) if rows else None

    def _is_next_own(self, event: DossierEvent, last: int) -> bool:
        return event.source == self._own and event.sequence == last + 1

    def _accept(self, record: Record, event: DossierEvent, row: Row | None = None) -> str | None:
        """Handle the next event of its stream; gives the reason when it was set aside instead."""
        place = (record.partition, record.offset)
        if place in self._refused:
            self._set_aside(record, event, quarantine_rows.HANDLER_ERROR, self._refused[place], row)
            return quarantine_rows.HANDLER_ERROR
        known = event.WhichOneof("payload")
        if known is None:
            if event.must_understand and self._model.every is None:  # a recorder needs no meaning
                self._set_aside(
                    record, event, quarantine_rows.NEEDS_UPGRADE, "a type newer than this", row
                )
                return quarantine_rows.NEEDS_UPGRADE
            self.done.unknown += 1
        try:
            if self._model.every is not None:
                self._model.every(self._uow, record, event)
            self._uow.ingest(event, record.value or b"")
            if self._reactions is not None:
                self._reactions.follow(record, event, known, self.done)
        except DBAPIError:
            raise
        except Exception as error:
            raise RecordFailed(place, type(error).__qualname__) from error
        self.done.handled += 1
        self.done.last = event
        if self._past is not None and place in self._past.stuck:
            self._set_aside(record, event, quarantine_rows.HANDLER_ERROR, quarantine_rows.REACTION)
        return None

    def drain(self, code: str) -> None:
        """Handle what is set aside of a dossier, as far as it goes."""
        while (head := self._head(code)) is not None:
            row = self._ready(code, head["source"])
            if row is None:
                self._mark(head, quarantine_rows.GAP, "an event before this one is missing")
                return
            if not self.again(row):
                return

    def _ready(self, code: str, source: str) -> Row | None:
        """Return the first row of a stream that can be handled now: in a gap it may stand behind a
        later one.
        """
        following = self._uow.sequence(code, source) + 1
        for row in self._held[code].values():
            if row["source"] == source and row["sequence"] <= following:
                return row
        return None

    def again(self, row: Row) -> bool:
        """Try a record that was set aside; True when it is done with."""
        record = quarantine_rows.record_of(row)
        event = read(record)
        if event is None or not key_fits(record, event):
            self._mark(row, row["reason"], row["error"])
            return False
        last = self._uow.sequence(event.dossier_code, event.source)
        if event.sequence > last + 1:
            self._mark(row, quarantine_rows.GAP, f"expected {last + 1}, got {event.sequence}")
            return False
        if event.sequence <= last:
            self.done.repeats += 1
        elif self._accept(record, event, row) is not None:
            return False
        self._uow.delete(self._model.tables.quarantine, row["partition"], row["offset"])
        self._forget(row)
        return True

    def discard(self, row: Row) -> None:
        """Give a record up for good; its stream goes on after it."""
        self._mark(row, quarantine_rows.DISCARDED, row["error"])
        self._forget(row)
        code, source, sequence = row["dossier_code"], row["source"], row["sequence"]
        if sequence > self._uow.sequence(code, source):
            self._uow.advance(code, source, sequence)

    def _mark(self, row: Row, reason: str, error: str) -> None:
        changed = {**row, "reason": reason, "error": error, "attempts": row["attempts"] + 1}
        self._uow.put(self._model.tables.quarantine, changed)
        rows = self._held.get(row["dossier_code"], {})
        if quarantine_rows.place_of(row) in rows:
            rows[quarantine_rows.place_of(row)] = changed

    def _forget(self, row: Row) -> None:
        code = row["dossier_code"]
        rows = self._held.get(code, {})
        rows.pop(quarantine_rows.place_of(row), None)
        if not rows:
            self._held.pop(code, None)

    def _set_aside(
        self,
        record: Record,
        event: DossierEvent | None,
        reason: str,
        error: str,
        row: Row | None = None,
    ) -> None:
        if row is not None:
            self._mark(row, reason, error)
            return
        made = quarantine_rows.park(
            self._uow,
            self._topic,
            record,
            reason,
            error,
            code=code_of_key(record) if event is None else event.dossier_code,
            source="" if event is None else event.source,
            sequence=0 if event is None else event.sequence,
            real_now=time.time_ns() // 1000,
        )
        if reason in quarantine_rows.HOLDING:
            self._held.setdefault(made["dossier_code"], {})[quarantine_rows.place_of(made)] = made


def _fills(head: Row, event: DossierEvent, last: int) -> bool:
    """Return whether an event is the one that a held dossier waits for."""
    waits = head["reason"] == quarantine_rows.GAP and head["source"] == event.source
    return waits and event.sequence == last + 1
