"""Intake, routing, postal and notify on one log in memory, without servers and threads.

Nothing moves by itself: a command is decided by what its service has read, ``publish`` puts a
service's events on the log, ``read`` lets a service read on. Everything can be taken back to an
earlier moment.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.intake_pb2 import SubmitDossierRequest
from sqlalchemy import Connection, select
from sqlalchemy.engine import Engine

from kernel.auth.permissions import Rule
from kernel.base.clock import FixedClock
from kernel.commands.command_methods import Handlers
from kernel.commands.handler import FunctionHandler, carry_out, from_events
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import accepted
from kernel.consumer.applying.batch_applier import Applier
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from office.catalogue.unit_overlay import UnitOverlay
from services.intake.application import command_table as intake_commands
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers, PinSlip
from services.intake.queries import responses
from services.notify.application.handlers import MESSAGE_COMMANDS
from services.postal.application import command_table as postal_commands
from services.postal.application.handlers import JobHandlers
from services.routing.application.handlers import handlers_of as routing_handlers
from tests.support.desk import Hands
from tests.support.events import name_of
from tests.support.intake_samples import small_catalogue
from tests.support.memory_log import PARTITIONS, MemoryLog
from tests.support.models import INTAKE, NOTIFY, OFFICE, POSTAL, ROUTING
from tests.support.office_files import PARTNERS, office_calendars
from tests.support.postal_office import LEASE
from tests.support.routing_cases import roles_of


@dataclass
class Node:
    """One service on a database of its own, in one transaction that is never committed."""

    model: Model
    engine: Engine
    keyring: Keyring
    log: MemoryLog
    handlers: Handlers
    connection: Connection = field(init=False)
    _positions: dict[int, int] = field(init=False)
    _published: int = 0

    def __post_init__(self) -> None:
        self.model.tables.metadata.create_all(self.engine)
        self.connection = self.engine.connect()
        self.connection.begin()
        self._positions = self.work(lambda uow: positions.begin(uow, range(PARTITIONS)))

    def work(self, work: Callable[[UnitOfWork], Any]) -> Any:
        """Run something in a unit of work; what it raises leaves no trace."""
        with self.connection.begin_nested():
            uow = UnitOfWork(self.connection, self.model, self.keyring, 0)
            found = work(uow)
            uow.flush()
            return found

    def publish(self) -> int:
        """Put on the log what waits in the outbox; return how many events that were."""
        outbox = self.model.tables.outbox
        waiting = select(outbox).where(outbox.c.id > self._published).order_by(outbox.c.id)
        rows = self.connection.execute(waiting).all()
        for row in rows:
            self.log.append(row.stream_id.encode(), row.body)
            self._published = row.id
        return len(rows)

    def read(self, now: int) -> int:
        """Read the log to its end, with reactions; return how many records that were."""
        records = [
            record
            for partition, position in self._positions.items()
            for record in self.log.read(partition, position, self.log.end(partition))
        ]
        if records:
            batch = accepted((record, record.offset) for record in records)
            applier = Applier("memory", FixedClock(now))
            self.work(lambda uow: applier.apply(uow, batch, {}))
            self._positions |= batch.target
        return len(records)

    def state(self, code: str) -> Any:
        """Return the state on which the service decides about a dossier."""
        return self.work(lambda uow: uow.state(code))

    def events(self, code: str) -> list[Event]:
        """Return the service's own events of a dossier."""
        found: list[Event] = self.work(lambda uow: uow.own_events(code))
        return found

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        """Take everything back at the end."""
        before = dict(self._positions), self._published
        savepoint = self.connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()
            self._positions, self._published = before


@dataclass
class Services:
    """The four services and their log."""

    nodes: Mapping[str, Node]
    log: MemoryLog
    clock: Hands

    def does(self, source: str, request: Any, actor: Actor, rule: Rule | None = None) -> Any:
        """Carry a command out; return its answer, or raise what it raised. Without the ``rule`` of
        the table of permissions nobody asks for rights.
        """
        request.request_id = request.request_id or str(uuid.uuid4())
        now, node = self.clock.now(), self.nodes[source]
        call = Call(
            actor,
            "en",
            request.request_id,
            now,
            now,
            "",
            request.request_id,
            roles=roles_of(actor),
            digest=b"digest",
            rule=rule,
        )
        handler = node.handlers[type(request)]
        return node.work(lambda uow: carry_out(handler, uow, request, call))

    def settle(self, *first: str) -> None:
        """Publish and read until nothing is new; ``first`` publish in this order."""
        for source in first:
            self.nodes[source].publish()
        while True:
            moved = sum(node.read(self.clock.now()) for node in self.nodes.values())
            moved += sum(node.publish() for node in self.nodes.values())
            if not moved:
                return

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        """Take everything back at the end."""
        ends = [self.log.end(partition) for partition in range(PARTITIONS)]
        at = self.clock.at
        with self._all_taken_back(list(self.nodes.values())):
            yield
        self.clock.at = at
        self.log.cut(ends)

    @contextmanager
    def _all_taken_back(self, nodes: list[Node]) -> Iterator[None]:
        if not nodes:
            yield
            return
        with nodes[0].taken_back(), self._all_taken_back(nodes[1:]):
            yield

    def kinds(self, code: str) -> dict[str, Counter[str]]:
        """Return how many events of each kind each service has written about a dossier."""
        return {
            source: Counter(name_of(event) for event in node.events(code))
            for source, node in self.nodes.items()
        }


@contextmanager
def open_services(folder: Path) -> Iterator[Services]:
    """Run the services on empty databases in a folder."""
    vault = open_engine(f"sqlite:///{folder}/keyring.sqlite", "keyring")
    keyring, log, clock = Keyring(vault, b"k" * 32), MemoryLog(), Hands()
    desk = DossierHandlers(
        ContextLoader(small_catalogue(), office_calendars(), UnitOverlay()), clock
    )
    submit = FunctionHandler(partial(desk.submit, slip=PinSlip()), from_events(responses.submitted))
    handlers: list[tuple[Model, Handlers]] = [
        (INTAKE, {**intake_commands.handlers_of(desk), SubmitDossierRequest: submit}),
        (ROUTING, routing_handlers(OFFICE)),
        (POSTAL, postal_commands.handlers_of(JobHandlers(PARTNERS, LEASE))),
        (NOTIFY, MESSAGE_COMMANDS),
    ]
    nodes: dict[str, Node] = {}
    for model, table in handlers:
        engine = open_engine(f"sqlite:///{folder}/{model.source}.sqlite", model.source)
        nodes[model.source] = Node(model, engine, keyring, log, table)
    try:
        yield Services(nodes, log, clock)
    finally:
        for node in nodes.values():
            node.connection.close()
            node.engine.dispose()
        vault.dispose()
