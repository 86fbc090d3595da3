"""What a service gives the kernel so that the kernel can run it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message
from motcua.events.v1.envelope_pb2 import DossierEvent
from sqlalchemy import Table

from kernel.eventsourcing.record import Record
from kernel.storage.kernel_tables import KernelTables

if TYPE_CHECKING:
    from kernel.eventsourcing.unit_of_work import UnitOfWork

Projection = Callable[["UnitOfWork", DossierEvent], None]
Recorder = Callable[["UnitOfWork", Record, DossierEvent], None]


@dataclass(frozen=True, slots=True)
class About:
    """A payload for an event of this service about another dossier than the cause's."""

    dossier_code: str
    payload: Message
    occurred_at: int | None = None
    """The instant from which the payload was computed; None for when the reaction is written."""


Reaction = Callable[["UnitOfWork", DossierEvent], Sequence[Message | About]]


def _no_state(state: Any, _event: DossierEvent) -> Any:
    return state


@dataclass(frozen=True)
class Model:
    """One service's business, as plain values and functions.

    ``projections`` and ``reactions`` are keyed by the payload's field name in the envelope.
    ``every`` is called with each event that is read from the log, known or not, before its
    projection (audit). ``by_dossier`` names view tables whose primary key is the dossier's code
    alone; their rows are fetched for a whole batch at once.
    """

    source: str
    tables: KernelTables
    projections: Mapping[str, Projection] = field(default_factory=dict)
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    every: Recorder | None = None
    initial: Any = None
    evolve: Callable[[Any, DossierEvent], Any] = _no_state
    by_dossier: Sequence[Table] = ()
    migrations: Path | None = None
    """The folder of the revisions of the service's schema; a database is made by them."""
    operational: frozenset[str] = frozenset()
    """Names of the service's own tables that a rebuild does not compare."""

    def view_tables(self) -> list[Table]:
        """List the tables that are a function of the log alone, by name."""
        skip = self.tables.operational | self.operational
        return [t for t in self.tables.metadata.sorted_tables if t.name not in skip]
