"""A postal service without gRPC and Kafka: its real database, writer, reactions and watch."""

import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, PersonalData, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.routing.v1.case_events_pb2 import CaseResolved
from sqlalchemy import Connection, select

from kernel.base.clock import FixedClock
from kernel.base.instants import HOUR
from kernel.commands.handler import carry_out
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import accepted
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.reactions import run_some
from kernel.consumer.applying.results import Applied
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.storage.engines import open_engine
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from office.worktime.calendars.repository import repository_at
from services.postal.application.command_table import handlers_of
from services.postal.application.handlers import JobHandlers
from services.postal.application.reactions import reactions_of
from services.postal.domain.evolve import evolve
from services.postal.domain.state import INITIAL
from services.postal.queries.jobs import Queries
from services.postal.queries.pickup import PickupPoints
from services.postal.schedulers import leases
from services.postal.tables import KERNEL, METADATA, SUBMISSIONS
from services.postal.views.jobs import PROJECTIONS
from tests.support.events import make_event
from tests.support.office_files import PARTNERS

T0 = 1_628_470_800_000_000
LEASE = 24 * HOUR
UNIT = "H22.12.03"
PERSON = PersonalData(
    full_name="Vừ Thị Mỷ",
    phone="0912345678",
    address="Thôn Lùng Tám",
    district="Quản Bạ",
    province="Hà Giang",
    identity_number="002199000001",
    pin="1234",
)
MODEL = Model(
    source="postal",
    stream_kind=DOSSIER,
    seal=seal_texts,
    tables=KERNEL,
    projections=PROJECTIONS,
    reactions=reactions_of(PARTNERS),
    initial=INITIAL,
    evolve=evolve,
    by_stream=(SUBMISSIONS,),
)


NO_CALENDARS = Path("no-such-folder")
"""Where nothing is published: the shipped calendar holds."""


class OfficeClock:
    """The clock that the test moves."""

    def __init__(self, office: "PostalOffice") -> None:
        self._office = office

    def now(self) -> int:
        """Return the instant that the test has set."""
        return self._office.now


class PostalOffice:
    """One postal database and the log that it reads and writes; a single partition."""

    def __init__(self, url: str, keyring_url: str) -> None:
        self.engine = open_engine(url, "postal")
        METADATA.create_all(self.engine)
        self._keys = open_engine(keyring_url, "keyring")
        self.keyring = Keyring(self._keys, b"k" * 32)
        self.writer = Writer(self.engine, MODEL, self.keyring)
        self.writer.start()
        self.office = JobHandlers(PARTNERS, LEASE)
        self.handlers = handlers_of(self.office)
        pickups = PickupPoints(OfficeClock(self), partial(repository_at, NO_CALENDARS))
        self.queries = Queries(self.keyring, PARTNERS, pickups)
        self.now = T0
        self.log: list[Record] = []
        self._read = 0
        self._published = 0
        self._foreign: dict[tuple[str, str], int] = {}
        self.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()

    def close(self) -> None:
        """Stop the writer and let the database go."""
        self.writer.stop()
        self.engine.dispose()
        self._keys.dispose()

    # -- the log ---

    def foreign(self, code: str, source: str, payload: Message) -> Event:
        """Put another service's event on the log."""
        sequence = self._foreign[code, source] = self._foreign.get((code, source), 0) + 1
        event = make_event(
            code,
            source,
            sequence,
            payload,
            actor=Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=source),
            occurred_at=self.now,
            recorded_at=self.now,
            causation_id="",
            correlation_id=f"corr-{code}",
        )
        self._append(event.SerializeToString(), code)
        return event

    def _append(self, body: bytes, code: str) -> None:
        self.log.append(Record(0, len(self.log), code.encode(), body, ()))

    def publish(self) -> None:
        """Put the events of the outbox on the log, as the relay does."""
        outbox = KERNEL.outbox
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(outbox).where(outbox.c.id > self._published).order_by(outbox.c.id)
            ).all()
        for row in rows:
            self._append(row.body, row.stream_id)
            self._published = row.id

    def read(self, *, reacting: bool = True, bulk: int | None = None) -> Applied:
        """Read the log to its end, or ``bulk`` records of it, in one transaction."""
        end = len(self.log) if bulk is None else min(self._read + bulk, len(self.log))
        batch = accepted((self.log[i], i) for i in range(self._read, end))
        applier = Applier("t", FixedClock(self.now), reacting=reacting)
        done = self.writer.exclusive(lambda uow: applier.apply(uow, batch, {})).result()
        self._read = end
        self.publish()
        return done

    def run_pending(self) -> None:
        """Run the reactions that a bulk read left for later."""
        self.writer.exclusive(lambda uow: run_some(uow, FixedClock(self.now))).result()
        self.publish()

    # -- the office ---

    def resolve(
        self,
        code: str,
        channel: ResultChannel = ResultChannel.RESULT_CHANNEL_POST,
        *,
        unit: str = UNIT,
        imported_from: str = "",
        fees: FeesDue | None = None,
    ) -> str:
        """Submit and resolve a dossier; gives the id of its job, empty when there is none."""
        key = self.keyring.new_key(code)
        self.keyring.save([key])
        submitted = DossierSubmitted(
            unit=unit,
            applicant=key.seal("applicant", PERSON),
            imported_from=imported_from,
            fees=fees,
        )
        self.foreign(code, "intake", submitted)
        self.foreign(code, "routing", CaseResolved(result_channel=channel))
        self.read()
        return self.job_of(code)

    def job_of(self, code: str) -> str:
        """Return the id of a dossier's job."""
        return next(iter(self.writer.submit(lambda uow: uow.state(code)).result()), "")

    def do(
        self,
        request: Any,
        who: str = "buudien",
        kind: int = ActorKind.ACTOR_KIND_PARTNER,
    ) -> Any:
        """Run a command as a partner (or another actor) and publish what it brought."""
        request.request_id = request.request_id or str(uuid.uuid4())
        call = Call(
            actor=Actor(kind=kind, id=who),  # type: ignore[arg-type]
            language="en",
            request_id=request.request_id,
            now=self.now,
            occurred_at=self.now,
            trace="",
            correlation_id=request.request_id,
            digest=b"digest",
        )
        handler = self.handlers[type(request)]
        answer = self.writer.submit(lambda uow: carry_out(handler, uow, request, call)).result()
        self.publish()
        return answer

    def look_at_leases(self) -> int:
        """Let the watch run once."""
        watch = leases.leases(self.office)
        raised = self.writer.exclusive(lambda uow: watch.run(uow, self.now)).result()
        self.publish()
        return raised

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """Run a query."""
        with self.engine.connect() as connection:
            return question(connection)

    def complete(
        self, answer: partner_pb.TakeJobResponse, partner: str
    ) -> partner_pb.TakeJobResponse:
        """Return the answer to a taking as its partner gets it, and as another one would."""
        whole = partner_pb.TakeJobResponse()
        whole.CopyFrom(answer)
        self.ask(lambda c: self.queries.complete_taking(c, partner, whole))
        return whole

    def events(self, code: str) -> list[Event]:
        """Return postal's events of a dossier."""
        return self.writer.submit(lambda uow: uow.own_events(code)).result()

    def views(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every view, in the order of the keys."""
        with self.engine.connect() as connection:
            return {
                table.name: [
                    tuple(row)
                    for row in connection.execute(select(table).order_by(*table.primary_key))
                ]
                for table in MODEL.view_tables()
            }


NewOffice = Callable[..., PostalOffice]
