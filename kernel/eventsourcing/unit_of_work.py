"""The unit of work: everything that one transaction reads and writes, rows and events.

Nothing reaches the database before ``flush``; nothing is kept after the transaction ends, but for
the states of deciders that the caller chose to remember.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.envelope_pb2 import DossierEvent
from sqlalchemy import Connection

from kernel.base.instants import to_us
from kernel.eventsourcing import envelope
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import About, Model
from kernel.eventsourcing.state_loading import states_of
from kernel.storage.row_cache import Rows

if TYPE_CHECKING:
    from kernel.crypto.keyring import Keyring, NewKey

Remembered = dict[str, tuple[int, Any]]
"""States of deciders by dossier, each with the height of the stream of which it is the fold. One
whose height is no longer the stream's is brought up to date, so another replica does no harm.
"""


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
        self._keyring = keyring
        self._real_now = real_now
        self._streams = self._rows[model.tables.streams]
        self._states: dict[str, Any] = {}
        self._remembered: Remembered = {} if remembered is None else remembered
        self._new_keys: list[NewKey] = []

    # -- events ------------------------------------------------------------------------------------

    def sequence(self, code: str, source: str) -> int:
        """Return the last sequence known of a stream; 0 when it has not begun."""
        row = self._streams.get((code, source)) or self.get(self.model.tables.streams, code, source)
        return 0 if row is None else int(row["sequence"])

    def state(self, code: str) -> Any:
        """Return the decider's state of a dossier: the fold of this service's own events, in
        order.
        """
        if code not in self._states:
            height = self.sequence(code, self.model.source)
            known, state = self._remembered.get(code, (0, self.model.initial))
            if known > height:
                known, state = 0, self.model.initial
            for event in self._events_after(code, known) if height > known else ():
                state = self.model.evolve(state, event)
            self._states[code] = state
        return self._states[code]

    def states(self) -> Remembered:
        """Return the states that this transaction has used, each with its stream's height."""
        source = self.model.source
        return {code: (self.sequence(code, source), state) for code, state in self._states.items()}

    def prefetch_states(self, codes: Iterable[str]) -> None:
        """Fold the events of many dossiers at once."""
        fresh = [code for code in dict.fromkeys(codes) if code not in self._states]
        self.prefetch(self.model.tables.streams, fresh)
        for code in fresh:
            known, state = self._remembered.get(code, (0, self.model.initial))
            if known == self.sequence(code, self.model.source):
                self._states[code] = state
        if unknown := [code for code in fresh if code not in self._states]:
            self.flush()
            self._states |= states_of(self.connection, self.model, unknown)

    def own_events(self, code: str) -> list[DossierEvent]:
        """Return this service's events of a dossier, in order."""
        return self._events_after(code, 0) if self.sequence(code, self.model.source) else []

    def _events_after(self, code: str, height: int) -> list[DossierEvent]:
        table = self.model.tables.events
        found = self.query(
            table.select()
            .with_only_columns(table.c.body)
            .where(
                table.c.dossier_code == code,
                table.c.source == self.model.source,
                table.c.sequence > height,
            )
            .order_by(table.c.sequence)
        )
        return [DossierEvent.FromString(body) for (body,) in found]

    def caused(self, causation_id: str) -> list[DossierEvent]:
        """Return this service's events that name a cause, in order."""
        table = self.model.tables.events
        found = self.query(
            table.select()
            .with_only_columns(table.c.body)
            .where(table.c.causation_id == causation_id)
            .order_by(table.c.dossier_code, table.c.sequence)
        )
        return [DossierEvent.FromString(body) for (body,) in found]

    def append(
        self,
        code: str,
        payloads: Sequence[Message],
        *,
        actor: Actor,
        occurred_at: int,
        recorded_at: int,
        causation_id: str,
        correlation_id: str,
        trace: str = "",
    ) -> list[DossierEvent]:
        """Write events of this service about a dossier, plan their publication, and bring the views
        up to date.

        A stream that another writer has continued meanwhile shows at ``flush`` as
        ``IntegrityError``.
        """
        events = []
        for payload in payloads:
            event = envelope.make_event(
                code,
                self.model.source,
                self.sequence(code, self.model.source) + 1,
                payload,
                actor=actor,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
                causation_id=causation_id,
                correlation_id=correlation_id,
            )
            body = event.SerializeToString()
            self._keep(event, body)
            self._publish(event, body, payload.DESCRIPTOR.name, occurred_at, trace)
            self.project(event)
            events.append(event)
        return events

    def append_call(self, code: str, payloads: Sequence[Message], call: Call) -> list[DossierEvent]:
        """Write the events that a command led to."""
        return self.append(
            code,
            payloads,
            actor=call.actor,
            occurred_at=call.occurred_at,
            recorded_at=call.now,
            causation_id=call.request_id,
            correlation_id=call.correlation_id,
            trace=call.trace,
        )

    def append_reaction(
        self,
        cause: DossierEvent,
        payloads: Sequence[Message | About],
        now: int,
        trace: str = "",
    ) -> list[DossierEvent]:
        """Write the events that another event led to, about its dossier or another one; they happen
        now, or with an imported cause when that happened.
        """
        imported = cause.actor.kind == ActorKind.ACTOR_KIND_IMPORTER
        happened = to_us(cause.occurred_at) if imported else now
        events: list[DossierEvent] = []
        for payload in payloads:
            about = payload if isinstance(payload, About) else About(cause.dossier_code, payload)
            events += self.append(
                about.dossier_code,
                [about.payload],
                actor=self.system_actor(),
                occurred_at=happened if about.occurred_at is None else about.occurred_at,
                recorded_at=now,
                causation_id=cause.event_id,
                correlation_id=cause.correlation_id,
                trace=trace,
            )
        return events

    def system_actor(self) -> Actor:
        """Return the service itself as an actor."""
        return Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=self.model.source)

    def ingest(self, event: DossierEvent, body: bytes) -> None:
        """Take an event that was read from the log: the next one of its stream (the caller has
        checked that).

        An own event met here was lost with the database; it is kept again with the bytes it had.
        """
        source = event.source
        if source == self.model.source:
            self._keep(event, body)
        else:
            self.advance(event.dossier_code, source, event.sequence)
        self.project(event)

    def project(self, event: DossierEvent) -> None:
        """Bring the views up to date with one event."""
        projection = self.model.projections.get(event.WhichOneof("payload") or "")
        if projection is not None:
            projection(self, event)

    def advance(self, code: str, source: str, sequence: int) -> None:
        """Note the last sequence known of a stream."""
        streams = self.model.tables.streams
        key = (code, source)
        row = {"dossier_code": code, "source": source, "sequence": sequence}
        self._streams[key] = row
        self._dirty[streams].add(key)
        self.changes += 1

    def _keep(self, event: DossierEvent, body: bytes) -> None:
        self.advance(event.dossier_code, event.source, event.sequence)
        field = envelope.payload_field(event)
        self.add(
            self.model.tables.events,
            {
                "dossier_code": event.dossier_code,
                "source": event.source,
                "sequence": event.sequence,
                "event_id": event.event_id,
                "type": envelope.TYPE_OF_FIELD.get(field, ""),
                "occurred_at": to_us(event.occurred_at),
                "recorded_at": to_us(event.recorded_at),
                "causation_id": event.causation_id,
                "body": body,
            },
        )
        if event.dossier_code in self._states:
            self._states[event.dossier_code] = self.model.evolve(
                self._states[event.dossier_code], event
            )

    def _publish(
        self,
        event: DossierEvent,
        body: bytes,
        type_name: str,
        occurred_at: int,
        trace: str,
    ) -> None:
        self.published += 1
        self.add(
            self.model.tables.outbox,
            {
                "dossier_code": event.dossier_code,
                "sequence": event.sequence,
                "event_id": event.event_id,
                "type": type_name,
                "occurred_at": occurred_at,
                "trace": trace,
                "body": body,
                "enqueued_at": self._real_now,
                "parked_reason": None,
            },
        )

    # -- keys of personal data ---------------------------------------------------------------------

    def new_key(self, code: str) -> NewKey:
        """Make a key for a dossier's personal data; it is saved before this transaction commits."""
        if self._keyring is None:
            raise RuntimeError("this unit of work has no keyring")
        key = self._keyring.new_key(code)
        self._new_keys.append(key)
        return key

    # -- end ---------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write everything put so far. Keys go first: an event is never without the key of its
        data.
        """
        if self._new_keys and self._keyring is not None:
            self._keyring.save(self._new_keys)
            self._new_keys = []
        super().flush()
