"""What a service gives the kernel so that the kernel can run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Table

from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.record import Record
from kernel.storage.kernel_tables import KernelTables

if TYPE_CHECKING:
    from kernel.eventsourcing.unit_of_work import UnitOfWork

Projection = Callable[["UnitOfWork", Event, Any], None]
"""Brings views (read models) up to date with an event, which comes with its payload."""
StateWriter = Callable[["UnitOfWork", str, Any, Any], None]
"""Brings the rows of a stream up to date: its id, its state before some events, and after."""
Recorder = Callable[["UnitOfWork", Record, Event], None]
RecordReader = Callable[["UnitOfWork", Sequence[Record]], None]


@dataclass(frozen=True, slots=True)
class About:
    """A payload for an event of this service in another stream than the cause's, of the service's
    own kind.
    """

    stream_id: str
    payload: Message
    occurred_at: int | None = None
    """The instant from which the payload was computed; None for when the reaction is written."""


Sealer = Callable[["UnitOfWork", str, Any], Any]
"""Returns a payload as it is to be written in a stream, with what is personal in it sealed."""
Reaction = Callable[["UnitOfWork", Event, Any], Sequence[Message | About]]
"""A policy or process manager: returns what an event, with its payload, leads to."""


def _no_state(state: Any, _event: Event) -> Any:
    return state


@dataclass(frozen=True)
class Model:
    """One service's business, as plain values and functions.

    ``stream_kind`` is the kind of the streams that it writes where nothing else is said.
    ``projections`` and ``reactions`` are keyed by the class of the payload. ``every`` is called
    with each event that is read from the log, known or not, before its projection (audit); with an
    own event each time that it is read, since it took effect when it was written.
    ``read`` is called once with all records of a batch, in the order of the log, whatever becomes
    of each.
    ``by_stream`` names view tables whose primary key is the id of a stream of that kind alone;
    their rows are fetched for a whole batch at once. ``write`` is called after each own event that
    changes the state of a stream of that kind, for rows that are a function of the state; in a bulk
    read once for all of a stream's events in a batch.
    """

    source: str
    stream_kind: str
    tables: KernelTables
    projections: Mapping[type[Message], Projection] = field(default_factory=dict)
    reactions: Mapping[type[Message], Reaction] = field(default_factory=dict)
    every: Recorder | None = None
    read: RecordReader | None = None
    initial: Any = None
    evolve: Callable[[Any, Event], Any] = _no_state
    write: StateWriter | None = None
    by_stream: Sequence[Table] = ()
    migrations: Path | None = None
    """The folder of the revisions of the service's schema; a database is made by them."""
    seal: Sealer | None = None
    """Called with each payload before it is written, by a unit of work that has a keyring."""
    operational: frozenset[str] = frozenset()
    """Names of the service's own tables that a rebuild does not compare."""
    authenticator: Authenticator | None = None
    """Proves own records, and checks those of all sources; None: nobody proves any."""

    def view_tables(self) -> list[Table]:
        """List the tables that are a function of the log alone, by name."""
        skip = self.tables.operational | self.operational
        return [t for t in self.tables.metadata.sorted_tables if t.name not in skip]
