"""Parent and child dossiers: intake on one database, routing on another."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event

from kernel.base.clock import FixedClock
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.storage.engines import open_engine
from services.intake import tables as intake_tables
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, merged
from tests.support.models import INTAKE
from tests.support.routing_cases import at

MON = "2021-08-09 10:00"


PARENT = "H22.12-210809-0001"


OTHER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="mt", unit="H22.05")


@dataclass
class Intake:
    """The desk on one database, which reads from one partition."""

    url: str
    reacting: bool = True
    _offset: int = field(init=False)

    def __post_init__(self) -> None:
        self.engine = open_engine(self.url, "intake")
        intake_tables.METADATA.create_all(self.engine)
        self.writer = Writer(self.engine, INTAKE)
        self.writer.start()
        self._applier = Applier("t", FixedClock(at(MON)), reacting=self.reacting)
        self._offset = self.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()[0]

    def close(self) -> None:
        """Stop the writer."""
        self.writer.stop()
        self.engine.dispose()

    def reads(self, events: Sequence[Event]) -> None:
        """Read events from the log, in one transaction."""
        records = [
            Record(0, self._offset + i, e.stream_id.encode(), e.SerializeToString(), ())
            for i, e in enumerate(events)
        ]
        batch = Batch(records, {0: self._offset}, {0: self._offset + len(records)})
        self.writer.exclusive(lambda uow: self._applier.apply(uow, batch, {})).result()
        self._offset += len(records)

    def own_events(self) -> list[Event]:
        """Return the desk's own events, in order."""
        events = intake_tables.KERNEL.events
        statement = events.select().order_by(events.c.stream_id, events.c.sequence)
        with self.engine.connect() as connection:
            return [Event.FromString(row.body) for row in connection.execute(statement)]


def same_again(new_database: NewDatabase, departments: Departments, known: Sequence[Event]) -> None:
    """Read everything again into empty databases, in several orders; the tables are the same."""
    streams: dict[tuple[str, str], list[Event]] = {}
    for event in [*known, *departments.own_events()]:
        streams.setdefault((event.stream_id, event.source), []).append(event)
    for seed in range(3):
        chance = random.Random(seed)
        log = merged(list(streams.values()), [chance.randrange(1000) for _ in range(200)])
        again = Departments(new_database(f"again{seed}"), reacting=False)
        again.reads(log)
        assert again.views() == departments.views()
        again.close()
