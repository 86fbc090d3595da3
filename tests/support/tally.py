"""A small service on the kernel, for tests: it counts supplements and answers each with an event of
its own.

`python -m tests.support.tally --bootstrap B --topic T --database-url U --marks DIR` runs it as a
process; the files that appear in DIR, and those that a test puts there, are described at `Marks`.
"""

import argparse
import dataclasses
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.routing.v1.case_events_pb2 import CaseResumed
from sqlalchemy import BigInteger, Column, Engine, MetaData, String, Table, select

from kernel.base.clock import RealClock
from kernel.consumer.applying.quarantine_limit import QuarantineBounds
from kernel.consumer.consumer import Consumer
from kernel.consumer.decisions.service_stream import SERVICE
from kernel.consumer.reading.faust_adapter import FaustAdapter
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import new_id
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.cluster import Bootstrap
from kernel.outbox import outbox
from kernel.outbox.relay import Relay
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import kernel_tables
from office.streams import DOSSIER
from tests.support.memory_log import MemoryLog, MemoryProducer, MemoryReader

SOURCE = "routing"
POISON = 13
"""A supplement of this round makes the projection raise."""

METADATA = MetaData()
KERNEL = kernel_tables(METADATA)
SEEN = Table(
    "seen",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("supplements", BigInteger, nullable=False),
    Column("last_round", BigInteger, nullable=False),
)
HEARD = Table(
    "heard",
    METADATA,
    Column("event_id", String, primary_key=True),
    Column("dossier_code", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
ANSWERED = Table(
    "answered",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    Column("answers", BigInteger, nullable=False),
)


class Poisoned(Exception):
    """What the projection raises for a poisoned record."""


def count_supplement(uow: UnitOfWork, event: Event, payload: SupplementSubmitted) -> None:
    """Count a supplement, and keep its identity without a look whether it is there: a double would
    clash.
    """
    if payload.round == POISON:
        raise Poisoned
    _hear(uow, event, payload)


def _hear(uow: UnitOfWork, event: Event, payload: SupplementSubmitted) -> None:
    code = event.stream_id
    before = uow.get(SEEN, code)
    uow.put(
        SEEN,
        {
            "dossier_code": code,
            "supplements": 1 + (before["supplements"] if before else 0),
            "last_round": payload.round,
        },
    )
    keep(uow, event, payload)


def keep(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Keep an event's identity; for readers of what the tally says."""
    code = event.stream_id
    uow.add(HEARD, {"event_id": event.event_id, "dossier_code": code, "sequence": event.sequence})


def count_answer(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Count an answer of this service."""
    before = uow.get(ANSWERED, event.stream_id)
    answers = 1 + (before["answers"] if before else 0)
    uow.put(ANSWERED, {"dossier_code": event.stream_id, "answers": answers})


def answer(_uow: UnitOfWork, _event: Event, _payload: Message) -> Sequence[Message]:
    """Answer every supplement."""
    return [CaseResumed()]


MODEL = Model(
    source=SOURCE,
    stream_kind=DOSSIER,
    tables=KERNEL,
    projections={SupplementSubmitted: count_supplement, CaseResumed: count_answer},
    reactions={SupplementSubmitted: answer},
    by_stream=(SEEN, ANSWERED),
)


def third(uow: UnitOfWork, event: Event, _payload: Message) -> Sequence[Message]:
    """Answer a dossier's third supplement, and those after it."""
    row = uow.get(SEEN, event.stream_id)
    return [CaseResumed()] if row and row["supplements"] >= 3 else []


def several(_uow: UnitOfWork, _event: Event, _payload: Message) -> Sequence[Message]:
    """Answer a supplement three times."""
    return [CaseResumed(), CaseResumed(), CaseResumed()]


SILENT = dataclasses.replace(MODEL, reactions={})
"""The same without reactions."""
OTHER = dataclasses.replace(MODEL, reactions={CaseResumed: answer})
"""The same with another reaction."""
BOTH = dataclasses.replace(MODEL, reactions={**MODEL.reactions, **OTHER.reactions})
THIRD = dataclasses.replace(MODEL, reactions={SupplementSubmitted: third})
SEVERAL = dataclasses.replace(MODEL, reactions={SupplementSubmitted: several})
MODELS = {"": MODEL, "other": OTHER, "both": BOTH, "third": THIRD, "several": SEVERAL}
"""By name, for a process."""
DISCARD = Call(
    Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="an"), "vi", new_id(), 1, 1, "", new_id(),
    digest=b"digest",
)  # fmt: skip
"""An operator's call by which a record is given up."""
MENDED = dataclasses.replace(MODEL, projections={**MODEL.projections, SupplementSubmitted: _hear})
"""The same, after the fault of poisoned records was mended."""


class Node:
    """The service within this process: all its threads, Faust's too."""

    def __init__(
        self,
        bootstrap: Bootstrap,
        topic: str,
        url: str,
        *,
        model: Model = MODEL,
        bounds: QuarantineBounds | None = None,
        faust: bool = True,
        hooks: Mapping[str, Any] | None = None,
        log: MemoryLog | None = None,
        **consumer: Any,
    ) -> None:
        """``log`` takes the place of Kafka: of the reader, of Faust, and of the producer."""
        self.model = model
        self.engine = open_engine(url, "tally")
        model.tables.metadata.create_all(self.engine)
        self.reads = open_engine(url, "tally", read_only=True)
        self.writer = Writer(self.engine, model)
        hooks = dict(hooks or {})
        if log is not None:
            hooks["producer"] = MemoryProducer(log, model.source)
            consumer["connect"] = partial(MemoryReader, log)
        self.consumer = Consumer(
            self.writer, self.reads, model, RealClock(), bootstrap, topic, bounds=bounds, **consumer
        )
        hooks.setdefault("may_publish", self.consumer.readiness.may_publish)
        self.relay = Relay(self.writer, self.reads, model, bootstrap, topic, **hooks)
        self.faust: FaustAdapter | None = None
        self._followed = log if faust else None
        if faust and log is None:
            group = f"tally.{topic}"  # members of other tests that were killed must not hold it up
            self.faust = FaustAdapter(self.consumer.buffer, bootstrap, topic, group)
        self._faust_thread: threading.Thread | None = None

    def start(self) -> "Node":
        """Start in the order of a real service."""
        self.writer.start()
        self.relay.start()
        self.consumer.start()
        if self.faust is not None:
            self._faust_thread = threading.Thread(target=self.faust.run, name="faust")
            self._faust_thread.start()
        if self._followed is not None:
            self._followed.follow(self.consumer.buffer)
        return self

    def is_ready(self) -> bool:
        """Return whether it has read what was there when it started."""
        return self.consumer.status().ready

    def stop(self) -> None:
        """Stop in the order of a real service."""
        if self._followed is not None:
            self._followed.leave(self.consumer.buffer)
        if self.faust is not None and self._faust_thread is not None:
            self.faust.stop()
            self._faust_thread.join()
        self.consumer.stop()
        self.relay.stop()
        self.writer.stop()
        self.engine.dispose()
        self.reads.dispose()

    def __enter__(self) -> "Node":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table's rows in the order of its key."""
        return rows(self.reads, table)

    def events(self) -> list[dict[str, Any]]:
        """Return the rows of its events, but for those of itself."""
        return [r for r in self.rows(self.model.tables.events) if r["stream_kind"] != SERVICE]


@contextmanager
def relay_alone(
    bootstrap: str, topic: str, url: str, log: MemoryLog | None = None
) -> Iterator[Node]:
    """Run a service that publishes, and reads nothing."""
    hooks = {"may_publish": lambda: True}
    node = Node(bootstrap, topic, url, log=log, faust=False, hooks=hooks)
    node.writer.start()
    node.relay.start()
    try:
        yield node
    finally:
        node.relay.stop()
        node.writer.stop()
        node.engine.dispose()
        node.reads.dispose()


def rows(engine: Engine, table: Table) -> list[dict[str, Any]]:
    """Return a table's rows in the order of its key."""
    with engine.connect() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in found]


class Marks:
    """Files by which a test and the process talk.

    `status.json`: the consumer's status, every 50 ms. `hold_send` and `hold_forget`, made by the
    test: the relay stops at that point and says so by `held_send` and `held_forget`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def hold(self, point: str) -> None:
        """Stop here while the test wants it."""
        while (self.folder / f"hold_{point}").exists():
            (self.folder / f"held_{point}").touch()
            time.sleep(0.01)

    def write(self, node: Node) -> None:
        """Write the status."""
        status = dataclasses.asdict(node.consumer.status())
        temporary = self.folder / ".status.new"
        temporary.write_text(json.dumps(status), "utf-8")
        temporary.replace(self.folder / "status.json")

    def discard(self, node: Node) -> None:
        """Discard the first quarantined record of the stream that the file `discard` names."""
        wanted = self.folder / "discard"
        if wanted.exists():
            node.consumer.quarantine.redrive(wanted.read_text("utf-8"), discard=DISCARD)
            wanted.unlink()


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="", choices=MODELS)
    parser.add_argument("--round", type=int, default=outbox.ROUND, help="rows sent at once")
    for name in ("bootstrap", "topic", "database-url"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--marks", type=Path, required=True)
    arguments = parser.parse_args()
    marks = Marks(arguments.marks)
    outbox.ROUND = arguments.round
    hooks = {
        "before_send": lambda _rows: marks.hold("send"),
        "before_forget": lambda _rows: marks.hold("forget"),
    }
    model, url = MODELS[arguments.model], arguments.database_url
    node = Node(arguments.bootstrap, arguments.topic, url, model=model, hooks=hooks)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    node.start()
    while not ended.wait(0.05):
        marks.write(node)
        marks.discard(node)
    node.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
