"""Notify's database without gRPC and Kafka: writer, reactions, views and the rows of attempts."""

from collections.abc import Callable
from typing import Any, cast

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import PersonalData
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, select

from kernel.base.clock import FixedClock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import accepted
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.reactions import run_some
from kernel.consumer.applying.results import Applied
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.migrate import migrate
from kernel.eventsourcing.record import Record
from kernel.runtime.definition import Runtime
from kernel.storage.engines import open_engine
from office.sealed_text import seal_texts
from services.notify.delivery.attempts import Attempts
from services.notify.tables import DELIVERIES, KERNEL
from tests.support.letters import PERSON, T0, Streams, seal, submitted
from tests.support.models import NOTIFY as MODEL


class Store:
    """One database of notify and the log that it reads and writes; a single partition."""

    def __init__(self, url: str, keyring_url: str, log: list[Record] | None = None) -> None:
        self.engine = open_engine(url, "notify")
        migrate(self.engine, MODEL)
        self._keys = open_engine(keyring_url, "keyring")
        self.keyring = Keyring(self._keys, b"k" * 32)
        self.writer = Writer(self.engine, MODEL, self.keyring)
        self.writer.start()
        self.now = T0
        self.log = [] if log is None else list(log)
        self._streams = Streams()
        self._read = 0
        self._published = 0
        self.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()

    def close(self) -> None:
        """Stop the writer and let the databases go."""
        self.writer.stop()
        self.engine.dispose()
        self._keys.dispose()

    def runtime(self, *, caught_up: Callable[[], bool] | None = None) -> Runtime:
        """Return what the kernel gives the sender."""
        settings = Settings(service="notify", port=1, database_url="")
        return Runtime(
            settings=settings,
            clock=FixedClock(self.now),
            model=MODEL,
            writer=self.writer,
            commands=cast("Commands", None),
            reads=cast("Reads", None),
            engine=self.engine,
            keyring=self.keyring,
            caught_up=caught_up or (lambda: True),
        )

    @property
    def attempts(self) -> Attempts:
        """Return the rows of attempts."""
        return Attempts(self.runtime())

    # -- the log ---

    def say(self, code: str, *payloads: Message) -> list[Event]:
        """Put events about a dossier on the log."""
        events = [self._streams.event(code, payload) for payload in payloads]
        for event in events:
            self._append(event.stream_id, event.SerializeToString())
        return events

    def sealed(self, code: str, payload: Message) -> Message:
        """Return a payload with its texts sealed, as its service writes it."""
        return self.writer.submit(lambda uow: seal_texts(uow, code, payload)).result()

    def submit(self, code: str, person: PersonalData = PERSON, **filed: Any) -> Event:
        """Put a submission on the log."""
        return self.say(code, submitted(seal(self.keyring, code, person), **filed))[0]

    def read(self, *, reacting: bool = True) -> Applied:
        """Read the log to its end, in one transaction."""
        end = len(self.log)
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

    def publish(self) -> None:
        """Put the events of the outbox on the log, as the relay does."""
        outbox = KERNEL.outbox
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(outbox).where(outbox.c.id > self._published).order_by(outbox.c.id)
            ).all()
        for row in rows:
            self._append(row.stream_id, row.body)
            self._published = row.id

    def _append(self, code: str, body: bytes) -> None:
        self.log.append(Record(0, len(self.log), code.encode(), body, ()))

    # -- what is there ---

    def ask(self, question: Callable[[Connection], Any]) -> Any:
        """Run a query."""
        with self.engine.connect() as connection:
            return question(connection)

    def own(self, code: str) -> list[Event]:
        """Return notify's events of a dossier."""
        return self.writer.submit(lambda uow: uow.own_events(code)).result()

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the rows of attempts."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(DELIVERIES)).mappings()]

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


NewStore = Callable[..., Store]
