"""The unit of work: everything that one transaction reads and writes, rows and events.

Optimistic concurrency: an event takes the next sequence of its stream, and the unique key of stream
and sequence refuses it where another process was first. ``group_commit`` runs the work again.

Nothing reaches the database before ``flush``; nothing is kept after the transaction ends, but for
the states of deciders that the caller chose to remember.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection

from kernel.base.instants import to_us
from kernel.eventsourcing import envelope
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import About, Model
from kernel.eventsourcing.state_loading import states_of
from kernel.storage.row_cache import Row, Rows

if TYPE_CHECKING:
    from kernel.crypto.keyring import Keyring, NewKey

Height = tuple[int, bytes]
"""How far a stream goes: the sequence of its last event, and that event's digest."""
Remembered = dict[str, tuple[Height, Any]]
"""States of deciders by stream of the service's own kind, each with the height of the stream of
which it is the fold. One whose height is no longer the stream's is brought up to date, so another
replica does no harm; nor does a database that has lost its last transactions.
"""
_NOTHING: Height = 0, b""


class UnitOfWork(Rows):
    """One transaction's view of one service's database."""

    def __init__(
        self,
        connection: Connection,
        model: Model,
        keyring: Keyring | None,
        real_now: int,
        remembered: Remembered | None = None,
    ) -> None:
        """``real_now`` is real time in microseconds; it goes into operational rows only.
        ``remembered`` holds states from transactions before this one.
        """
        super().__init__(connection)
        self.model = model
        self.published = 0
        self.last_published = ""
        """The identity of the last own event that this transaction has written."""
        self.keyring = keyring
        self._real_now = real_now
        self._streams = self._rows[model.tables.streams]
        self._states: dict[str, Any] = {}
        self._remembered: Remembered = {} if remembered is None else remembered
        self._new_keys: list[NewKey] = []
        self.rows_at_flush = False
        """Whether rows of states are written at the next flush, once for all events of a stream
        until then: for work that reads none of them.
        """
        self._unwritten: dict[str, Any] = {}

    # -- events ------------------------------------------------------------------------------------

    def sequence(self, stream_id: str, source: str, kind: str = "") -> int:
        """Return the last sequence known of a stream; 0 when it has not begun. Here and below a
        stream is of the service's own kind unless ``kind`` names another.
        """
        row = self._stream(stream_id, source, kind)
        return 0 if row is None else int(row["sequence"])

    def _stream(self, stream_id: str, source: str, kind: str = "") -> Row | None:
        key = (stream_id, kind or self.model.stream_kind, source)
        return self._streams.get(key) or self.get(self.model.tables.streams, *key)

    def contradicts(self, event: Event, body: bytes) -> bool:
        """Return whether another event than this one was taken at its place in the stream; of one
        that was given up nothing is known.
        """
        row = self._stream(event.stream_id, event.source, event.stream_kind)
        end = event.sequence * envelope.DIGEST_SIZE
        known = b"" if row is None else row["digests"][end - envelope.DIGEST_SIZE : end]
        return any(known) and known != envelope.digest_of(body)

    def _height(self, stream_id: str, sequence: int | None = None) -> Height:
        """Return how far a stream's own events go, or what its height was at a sequence."""
        row = self._stream(stream_id, self.model.source)
        if row is None:
            return _NOTHING
        at = int(row["sequence"]) if sequence is None else sequence
        end = at * envelope.DIGEST_SIZE
        return at, row["digests"][max(0, end - envelope.DIGEST_SIZE) : end]

    def state(self, stream_id: str) -> Any:
        """Return the decider's state of a stream: the fold of this service's own events, in
        order.
        """
        if stream_id not in self._states:
            height = self._height(stream_id)
            known, state = self._remembered.get(stream_id, (_NOTHING, self.model.initial))
            if known != height and known != self._height(stream_id, known[0]):
                known, state = _NOTHING, self.model.initial
            if height[0] and not known[0] and self._in_batch(stream_id):
                self.prefetch_states(self._batch())
                return self._states[stream_id]
            for event in self._events_after(stream_id, known[0]) if height != known else ():
                state = self.model.evolve(state, event)
            self._states[stream_id] = state
        return self._states[stream_id]

    def states(self) -> Remembered:
        """Return the states that this transaction has used, each with its stream's height."""
        return {name: (self._height(name), state) for name, state in self._states.items()}

    def prefetch_states(self, stream_ids: Iterable[str]) -> None:
        """Fold the events of many streams at once."""
        fresh = [name for name in dict.fromkeys(stream_ids) if name not in self._states]
        self.prefetch(self.model.tables.streams, fresh)
        for name in fresh:
            known, state = self._remembered.get(name, (_NOTHING, self.model.initial))
            if known == self._height(name):
                self._states[name] = state
        if unknown := [name for name in fresh if name not in self._states]:
            if self.model.write is None:  # else the states of streams that were written are here
                self.flush()
            self._states |= states_of(self.connection, self.model, unknown)

    def _in_batch(self, stream_id: str) -> bool:
        """Return whether rows come from states, and the height of this stream was read with those
        of others: each of them will be asked for its state.
        """
        return self.model.write is not None and stream_id in self._whole[self.model.tables.streams]

    def _batch(self) -> list[str]:
        """List the streams whose heights were read at once, as far as they have own events."""
        kind, source = self.model.stream_kind, self.model.source
        names = self._whole[self.model.tables.streams]
        return [name for name in names if self._streams.get((name, kind, source)) is not None]

    def own_events(self, stream_id: str) -> list[Event]:
        """Return this service's events of a stream, in order."""
        return (
            self._events_after(stream_id, 0) if self.sequence(stream_id, self.model.source) else []
        )

    def _events_after(self, stream_id: str, height: int) -> list[Event]:
        table = self.model.tables.events
        found = self.query(
            table.select()
            .with_only_columns(table.c.body)
            .where(
                table.c.stream_id == stream_id,
                table.c.stream_kind == self.model.stream_kind,
                table.c.source == self.model.source,
                table.c.sequence > height,
            )
            .order_by(table.c.sequence)
        )
        return [Event.FromString(body) for (body,) in found]

    def caused(self, request_id: str) -> list[Event]:
        """Return this service's events that a request led to, in order."""
        table = self.model.tables.events
        found = self.query(
            table.select()
            .with_only_columns(table.c.body)
            .where(table.c.causation_id == request_id, table.c.request_digest != b"")
            .order_by(table.c.stream_id, table.c.stream_kind, table.c.sequence)
        )
        return [Event.FromString(body) for (body,) in found]

    def append(
        self,
        stream_id: str,
        payloads: Sequence[Message],
        *,
        actor: Actor,
        occurred_at: int,
        recorded_at: int,
        causation_id: str,
        correlation_id: str,
        request_digest: bytes = b"",
        trace: str = "",
        kind: str = "",
    ) -> list[Event]:
        """Write events of this service in a stream, plan their publication, and bring the views up
        to date.

        A stream that another writer has continued meanwhile shows at ``flush`` as
        ``IntegrityError``.
        """
        return self._append(
            [About(stream_id, payload, occurred_at) for payload in payloads],
            kind or self.model.stream_kind,
            trace,
            actor=actor,
            recorded_at=recorded_at,
            causation_id=causation_id,
            correlation_id=correlation_id,
            request_digest=request_digest,
        )

    def _append(
        self, drafts: Sequence[About], kind: str, trace: str, **envelope_fields: Any
    ) -> list[Event]:
        """Write the events of one decision; the first one in each stream is published with the
        others beside it.
        """
        events: list[Event] = []
        last: dict[str, int] = {}
        for draft in drafts:
            stream_id = draft.stream_id
            before = last.get(stream_id) or self.sequence(stream_id, self.model.source, kind)
            last[stream_id] = before + 1
            assert draft.occurred_at is not None
            event = envelope.make_event(
                stream_id,
                self.model.source,
                before + 1,
                self._sealed(stream_id, draft.payload),
                stream_kind=kind,
                occurred_at=draft.occurred_at,
                **envelope_fields,
            )
            events.append(event)
        bodies = [event.SerializeToString() for event in events]
        carrying: set[str] = set()
        for event, body in zip(events, bodies, strict=True):
            others = [] if event.stream_id in carrying else [b for b in bodies if b is not body]
            carrying.add(event.stream_id)
            self._keep(event, body)
            self._publish(event, body, trace, envelope.batch_of(others))
            self.project(event)
        return events

    def _sealed(self, stream_id: str, payload: Message) -> Message:
        seal = self.model.seal
        if seal is None or self.keyring is None:
            return payload
        sealed: Message = seal(self, stream_id, payload)
        return sealed

    def append_call(
        self, stream_id: str, payloads: Sequence[Message], call: Call, kind: str = ""
    ) -> list[Event]:
        """Write the events that a command led to."""
        return self.append(
            stream_id,
            payloads,
            actor=call.actor,
            occurred_at=call.occurred_at,
            recorded_at=call.now,
            causation_id=call.request_id,
            correlation_id=call.correlation_id,
            request_digest=call.digest,
            trace=call.trace,
            kind=kind,
        )

    def append_reaction(
        self,
        cause: Event,
        payloads: Sequence[Message | About],
        now: int,
        trace: str = "",
    ) -> list[Event]:
        """Write the events that another event led to, in its stream or another one; they happen
        now, or with an imported cause when that happened.
        """
        imported = cause.actor.kind == ActorKind.ACTOR_KIND_IMPORTER
        happened = to_us(cause.occurred_at) if imported else now
        drafts = [p if isinstance(p, About) else About(cause.stream_id, p) for p in payloads]
        return self._append(
            [replace(d, occurred_at=happened) if d.occurred_at is None else d for d in drafts],
            self.model.stream_kind,
            trace,
            actor=self.system_actor(),
            recorded_at=now,
            causation_id=cause.event_id,
            correlation_id=cause.correlation_id,
        )

    def restore(self, event: Event, body: bytes) -> None:
        """Write an own event again that was lost with its database before it was published: the
        next one of its stream.
        """
        self._keep(event, body)
        self._publish(event, body, "", b"")
        self.project(event)

    def system_actor(self) -> Actor:
        """Return the service itself as an actor."""
        return Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=self.model.source)

    def ingest(self, event: Event, body: bytes) -> None:
        """Take an event that was read from the log: the next one of its stream (the caller has
        checked that).

        An own event met here was lost with the database; it is kept again with the bytes it had.
        """
        source = event.source
        if source == self.model.source:
            self._keep(event, body)
        else:
            self.advance(event, body)
        self.project(event)

    def project(self, event: Event) -> None:
        """Bring the views up to date with one event."""
        kind = envelope.payload_type(event)
        projection = None if kind is None else self.model.projections.get(kind)
        if projection is not None:
            projection(self, event, envelope.payload_of(event))

    def advance(self, event: Event, body: bytes) -> None:
        """Note an event as the last one known of its stream."""
        streams = self.model.tables.streams
        stream_id, kind, source = event.stream_id, event.stream_kind, event.source
        row = self._stream(stream_id, source, kind)
        # What was skipped, because an operator gave it up, has a digest of zeros.
        before = b"" if row is None else row["digests"]
        before = before.ljust((event.sequence - 1) * envelope.DIGEST_SIZE, b"\0")
        key = (stream_id, kind, source)
        self._streams[key] = {
            "stream_id": stream_id,
            "stream_kind": kind,
            "source": source,
            "sequence": event.sequence,
            "digests": before + envelope.digest_of(body),
        }
        self._dirty[streams].add(key)
        self.changes += 1

    def _keep(self, event: Event, body: bytes) -> None:
        stream_id, kind = event.stream_id, event.stream_kind
        if kind == self.model.stream_kind:
            self._evolve(stream_id, event)
        self.advance(event, body)
        self.add(
            self.model.tables.events,
            {
                "stream_id": stream_id,
                "stream_kind": kind,
                "source": event.source,
                "sequence": event.sequence,
                "event_id": event.event_id,
                "type": envelope.type_name(event),
                "occurred_at": to_us(event.occurred_at),
                "recorded_at": to_us(event.recorded_at),
                "causation_id": event.causation_id,
                "request_digest": event.request_digest,
                "body": body,
            },
        )

    def _evolve(self, stream_id: str, event: Event) -> None:
        """Take the next event of a stream into its state, if that is known or rows come from it,
        and bring those rows up to date.
        """
        model = self.model
        if model.write is None and stream_id not in self._states:
            return
        before = self.state(stream_id)
        after = model.evolve(before, event)
        if model.write is not None and after is not before:
            if self.rows_at_flush:
                self._unwritten.setdefault(stream_id, before)
            else:
                model.write(self, stream_id, before, after)
        self._states[stream_id] = after

    def _write_rows(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for stream_id, before in unwritten.items():
            assert self.model.write is not None
            self.model.write(self, stream_id, before, self._states[stream_id])

    def _publish(self, event: Event, body: bytes, trace: str, batch: bytes) -> None:
        self.published += 1
        self.last_published = event.event_id
        self.add(
            self.model.tables.outbox,
            {
                "stream_id": event.stream_id,
                "stream_kind": event.stream_kind,
                "sequence": event.sequence,
                "event_id": event.event_id,
                "type": envelope.type_name(event),
                "occurred_at": to_us(event.occurred_at),
                "trace": trace,
                "body": body,
                "batch": batch,
                "enqueued_at": self._real_now,
                "quarantine_reason": None,
            },
        )

    # -- keys of personal data ---------------------------------------------------------------------

    def new_key(self, code: str) -> NewKey:
        """Make a key for a stream's personal data; it is saved before this transaction commits."""
        if self.keyring is None:
            raise RuntimeError("this unit of work has no keyring")
        key = self.keyring.new_key(code)
        self._new_keys.append(key)
        return key

    def saved_keyring(self) -> Keyring | None:
        """Return the keyring with the keys of this transaction saved in it, so that it opens what
        the transaction has sealed.
        """
        if self._new_keys and self.keyring is not None:
            self.keyring.save(self._new_keys)
            self._new_keys = []
        return self.keyring

    # -- end ---------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything put so far. Keys go first: an event is never without the key of its
        data.
        """
        self.saved_keyring()
        self._write_rows()
        super().flush()
