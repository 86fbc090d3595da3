"""The departments on a real database, without gRPC and Kafka: the desk's events come in as records
of one partition, commands run in the writer, and the watch looks when it is told to.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    SupplementSubmitted,
)
from motcua.routing.v1 import routing_pb2 as pb
from sqlalchemy import Table, select

from kernel.base.clock import FixedClock
from kernel.base.instants import to_timestamp
from kernel.commands.command_methods import Handlers
from kernel.commands.handler import carry_out
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from office.permissions import shipped
from office.worktime import working_time
from office.worktime.calendars.model import Calendar
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.handlers import handlers_of
from services.routing.application.reactions import reactions_of
from services.routing.rpc import SERVICES
from services.routing.schedulers.deadlines import deadline_scheduler
from services.routing.schedulers.step_timers import step_timer_scheduler
from services.routing.tables import KERNEL, METADATA, SOURCE
from tests.support.events import make_event, name_of
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.routing_cases import AN, UNIT, assign, at, roles_of

TABLE = shipped()
CITIZEN = Actor(kind=ActorKind.ACTOR_KIND_CITIZEN, id="x")


def path_of(method: str) -> str:
    """Return the full name of one of routing's RPCs, as the table of permissions has it."""
    (service,) = [service for service, _ in SERVICES.values() if method in service.methods_by_name]
    return f"{service.full_name}/{method}"


def call_of(actor: Actor, request: Any, when: str, code: str = "") -> Call:
    """Let an actor in by the table; raise what the call lifecycle raises."""
    method = type(request).__name__.removesuffix("Request")
    rule, roles = TABLE.rule(path_of(method)), roles_of(actor)
    TABLE.authorize(rule, actor, roles)
    return Call(
        actor,
        "vi",
        request.request_id,
        at(when),
        at(when),
        "",
        code,
        roles=roles,
        digest=b"digest",
        rule=rule,
    )


@lru_cache
def _handlers(office: CaseContextLoader) -> Handlers:
    return handlers_of(office)


def handle(
    uow: UnitOfWork, request: Message, call: Call, office: CaseContextLoader = OFFICE
) -> Any:
    """Carry a command out by its handler; gives its answer or raises what it raised."""
    return carry_out(_handlers(office)[type(request)], uow, request, call)


def answer_again(uow: UnitOfWork, request: Any, call: Call) -> Any:
    """Answer a request that was carried out, when its stored answer is gone."""
    handler = _handlers(OFFICE)[type(request)]
    return handler.answer(uow, request, call, uow.caused(call.request_id))


class Desk:
    """Makes intake's events of dossiers, each stream's in order."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def says(self, code: str, payload: Message, when: str, actor: Actor = CITIZEN) -> Event:
        """Make the next event of a dossier."""
        self._last[code] = self._last.get(code, 0) + 1
        return make_event(
            code,
            "intake",
            self._last[code],
            payload,
            actor=actor,
            occurred_at=at(when),
            recorded_at=at(when),
            causation_id=str(uuid.uuid4()),
            correlation_id=code,
        )

    def files(
        self,
        code: str,
        when: str = "2021-08-09 09:00",
        *,
        limit: str = "5wd",
        process: str = "standard",
        unit: str = UNIT,
        imported_from: str = "",
        policy: str = "keep",
        rounds: int | None = None,
        period: str = "",
        calendar: Calendar | None = None,
        result_kind: int = 0,
    ) -> list[Event]:
        """Make the events of a dossier that is submitted and accepted at once."""
        submitted = DossierSubmitted(
            procedure_code="1.012766",
            unit=unit,
            channel=2,  # type: ignore[arg-type]
            result_channel=3,  # type: ignore[arg-type]
            imported_from=imported_from,
        )
        accepted = DossierAccepted(
            time_limit=limit,
            process=process,
            resume_policy=policy,
            supplement_rounds=rounds,
            supplement_period=period,
            calendar_version=(calendar or state_office()).version,
            result_kind=result_kind,  # type: ignore[arg-type]
        )
        due = working_time.due_at(calendar or state_office(), at(when), Duration.parse(limit))
        if due is not None:
            accepted.due_at.CopyFrom(to_timestamp(due))
        return [self.says(code, submitted, when), self.says(code, accepted, when)]

    def papers(self, code: str, when: str, number: int = 1) -> Event:
        """Make the event of papers handed in."""
        return self.says(code, SupplementSubmitted(round=number), when)


class Departments:
    """Routing on one database; ``reacting`` False leaves reactions aside, as a rebuild does, and
    ``office`` reacts in place of the one that ships.
    """

    def __init__(
        self,
        url: str,
        *,
        reacting: bool = True,
        office: CaseContextLoader | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        self.engine = open_engine(url, "routing")
        METADATA.create_all(self.engine)
        model = replace(MODEL, reactions=reactions_of(office)) if office else MODEL
        self.writer = Writer(self.engine, model, keyring)
        self.writer.start()
        self._applier = Applier("t", FixedClock(at("2021-08-09 09:00")), reacting=reacting)
        self._offset = self.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()[0]

    def close(self) -> None:
        """Stop the writer."""
        self.writer.stop()
        self.engine.dispose()

    def reads(self, events: Iterable[Event]) -> None:
        """Read events from the log, in one transaction."""
        batch = self.batch(events)
        self.writer.exclusive(lambda uow: self.apply(uow, batch)).result()
        self._offset = batch.target[0]

    def batch(self, events: Iterable[Event]) -> Batch:
        """Return events as the records that come next in the log."""
        records = [
            Record(0, self._offset + i, e.stream_id.encode(), e.SerializeToString(), ())
            for i, e in enumerate(events)
        ]
        return Batch(records, {0: self._offset}, {0: self._offset + len(records)})

    def apply(self, uow: UnitOfWork, batch: Batch) -> None:
        """Handle a batch in the transaction given."""
        self._applier.apply(uow, batch, {})

    def does(
        self,
        request: Any,
        code: str,
        when: str,
        actor: Actor = AN,
        office: CaseContextLoader = OFFICE,
    ) -> Any:
        """Run a command; gives its answer or raises what it raised."""
        request.dossier_code = code
        request.request_id = str(uuid.uuid4())
        call = call_of(actor, request, when, code)
        return self.writer.submit(lambda uow: handle(uow, request, call, office)).result()

    def takes(self, code: str, step: str = "appraise", when: str = "2021-08-09 09:00") -> None:
        """Assign a current step to an officer, so that it is not stuck."""
        self.does(assign(step, "an"), code, when)

    def looks(self, when: str, offset: int = 1, office: CaseContextLoader = OFFICE) -> int:
        """Let the watch look just after a time, until nothing is left; gives how many it said."""
        total = 0
        now = at(when) + offset
        for watch in (deadline_scheduler(office), step_timer_scheduler(office)):
            while written := self.writer.exclusive(partial(_look, watch, now)).result():
                total += written
        return total

    def delegates(self, request: pb.DelegateWorkRequest, when: str, actor: Actor = AN) -> list[str]:
        """Let somebody stand in; gives the dossiers."""
        request.request_id = str(uuid.uuid4())
        call = call_of(actor, request, when)
        answer = self.writer.submit(lambda uow: handle(uow, request, call)).result()
        return list(answer.dossier_codes)

    def ends_absence(self, when: str, actor: Actor = AN, officer: str = "an") -> list[str]:
        """Let an officer be back; gives the dossiers."""
        request = pb.EndAbsenceRequest(request_id=str(uuid.uuid4()), officer=officer)
        call = call_of(actor, request, when)
        answer = self.writer.submit(lambda uow: handle(uow, request, call)).result()
        return list(answer.dossier_codes)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table's rows in the order of its key."""
        with self.engine.connect() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            return [dict(row) for row in found]

    def views(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of every table that a rebuild compares."""
        found = {table.name: self.rows(table) for table in MODEL.view_tables()}
        # Who files the same dossiers again has events with other identities.
        for row in found[KERNEL.streams.name]:
            if row["source"] != SOURCE:
                row["digests"] = b""
        return found

    def own_events(self, code: str = "") -> list[Event]:
        """Return routing's own events, of one dossier or of all, in order."""
        events = KERNEL.events.c
        bodies = select(events.body).order_by(events.stream_id, events.sequence)
        if code:
            bodies = bodies.where(events.stream_id == code)
        with self.engine.connect() as connection:
            return [Event.FromString(body) for (body,) in connection.execute(bodies)]

    def kinds(self, code: str = "") -> list[str]:
        """Name routing's own events."""
        return [name_of(event) for event in self.own_events(code)]


def merged(streams: Sequence[Sequence[Event]], turns: Sequence[int]) -> list[Event]:
    """Interleave streams by ``turns``, each one's order kept."""
    waiting = [list(stream) for stream in streams if stream]
    order = []
    for turn in turns:
        if not waiting:
            break
        place = turn % len(waiting)
        order.append(waiting[place].pop(0))
        if not waiting[place]:
            del waiting[place]
    return order + [event for stream in waiting for event in stream]


def _look(watch: Callable[[UnitOfWork, int], int], now: int, uow: UnitOfWork) -> int:
    return watch(uow, now)
