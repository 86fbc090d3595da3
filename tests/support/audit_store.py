"""A store of the audit service, filled as the consumer fills it, and a log to fill it from."""

import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import SERVICE_LEVEL_PARTIAL, SERVICE_LEVEL_WHOLE, Channel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
    WithdrawalRequested,
)
from motcua.postal.v1.job_events_pb2 import ItemDelivered
from motcua.routing.v1.case_events_pb2 import (
    CaseOpened,
    CaseResolved,
    CaseResumed,
    CaseWithdrawn,
    StepCompleted,
    StepRecorded,
    SupplementRequested,
)
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import CASE_RESULT_GRANTED
from sqlalchemy import Table, select

from kernel.base.clock import FixedClock
from kernel.base.instants import DAY, HOUR, to_timestamp, to_us
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.results import Applied
from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import headers, stream_of, type_name
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.ledger import checkpoint as checkpoints
from kernel.ledger.cosignature import Witness
from kernel.ledger.signed_note import parse
from kernel.storage.engines import open_engine
from services.audit.ledger.proofs import Ledger
from services.audit.ledger.signing import LedgerKeys, Signer
from services.audit.record.verifier import LogVerifier
from services.audit.state.fold import fold
from services.audit.state.local_days import end_of
from services.audit.tables import CHAINS, DOSSIERS, LOG, METADATA, TILES, TREES
from tests.support.audit_histories import HANOI, Numbering, at
from tests.support.models import AUDIT as MODEL

PARTITIONS = 3
MONDAY = at("2021-08-09 08:00")
CHANNELS = [Channel.CHANNEL_ONLINE, *3 * [Channel.CHANNEL_COUNTER], Channel.CHANNEL_POST]
UNITS = ("H22.12", "H22.13", "H22.14")
VIEWS = (LOG, CHAINS, DOSSIERS, TREES, TILES)
LEDGER_KEYS = LedgerKeys("motcua.test/ledger", [b"k" * 32])
WITNESS = Witness("witness.test/1", b"w" * 32)
LEDGER = Ledger(LEDGER_KEYS, [WITNESS.verifier])


class Log:
    """A log in memory: what the broker would hold."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.partitions: list[list[Record]] = [[] for _ in range(PARTITIONS)]
        for event in events:
            self.send(event)

    def send(self, event: Event) -> Record:
        """Append an event as the relay does."""
        pairs = headers(
            event.event_id,
            type_name(event),
            event.source,
            stream_of(event),
            to_us(event.occurred_at),
            "00-1-2-01",
        )
        number = zlib.crc32(event.stream_id.encode()) % PARTITIONS
        return self.put(number, event.stream_id.encode(), event.SerializeToString(), pairs)

    def put(self, number: int, key: bytes, value: bytes, pairs: Any = ()) -> Record:
        """Append any record."""
        partition = self.partitions[number]
        partition.append(Record(number, len(partition), key, value, pairs))
        return partition[-1]

    def records(self) -> list[Record]:
        """Return all records, each partition's in order."""
        return [record for partition in self.partitions for record in partition]

    def read(self, number: int, end: int) -> Iterator[Record]:
        """Yield the records of a partition before an offset."""
        yield from (record for record in self.partitions[number] if record.offset < end)

    def ends(self) -> dict[int, int]:
        """Return the offset that the next record of each partition will get."""
        return {number: len(records) for number, records in enumerate(self.partitions)}

    def shuffled(self, pick: random.Random) -> list[Record]:
        """Return all records, the partitions' interleaved by chance."""
        turns = [n for n, partition in enumerate(self.partitions) for _ in partition]
        pick.shuffle(turns)
        rest = [iter(partition) for partition in self.partitions]
        return [next(rest[n]) for n in turns]


def log_with_repeats() -> Log:
    """Return the log of a week of 50 dossiers in which one record in twenty stands twice."""
    pick, made = random.Random(21), Log()
    for event in week(pick, 50):
        record = made.send(event)
        if pick.random() < 0.05:
            made.put(record.partition, record.key or b"", record.value or b"", record.headers)
    return made


class Store:
    """The audit service's database."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url, "audit")
        METADATA.create_all(self.engine)
        self.reads = open_engine(url, "audit", read_only=True)
        self._applier = Applier("t", FixedClock(MONDAY), reacting=False)
        with self.engine.begin() as connection:
            uow = self._unit(connection)
            positions.begin(uow, range(PARTITIONS))
            uow.flush()

    def _unit(self, connection: Any) -> UnitOfWork:
        return UnitOfWork(connection, MODEL, None, MONDAY)

    def take(self, records: Sequence[Record]) -> Applied:
        """Commit records as one batch."""
        first: dict[int, int] = {}
        for record in records:
            first.setdefault(record.partition, record.offset)
        target = {record.partition: record.offset + 1 for record in records}
        with self.engine.begin() as connection:
            uow = self._unit(connection)
            done = self._applier.apply(uow, Batch(records, first, target), {})
            uow.flush()
        return done

    def redrive(self, code: str, *, discard: Call | None = None) -> Applied:
        """Try again what is quarantined of a stream, or give up the first of it."""
        with self.engine.begin() as connection:
            uow = self._unit(connection)
            done = self._applier.redrive(uow, code, {}, discard=discard)
            uow.flush()
        return done

    def act(self, work: Callable[..., Any], *given: Any) -> Any:
        """Run a command's work in a transaction."""
        with self.engine.begin() as connection:
            uow = self._unit(connection)
            done = work(uow, *given)
            uow.flush()
        return done

    def take_all(self, records: Sequence[Record], size: int = 10_000) -> None:
        """Commit records in batches of a size."""
        for start in range(0, len(records), size):
            self.take(records[start : start + size])

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table's rows in the order of its key."""
        with self.reads.connect() as connection:
            found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
            return [dict(row) for row in found]

    def views(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of all view tables."""
        return {table.name: self.rows(table) for table in VIEWS}

    def ask(self, read: Any, *given: Any) -> Any:
        """Run a read."""
        with self.reads.connect() as connection:
            return read(connection, *given)

    def execute(self, statement: Any) -> None:
        """Do to the store what nobody should."""
        with self.engine.begin() as connection:
            connection.execute(statement)

    def sign(self, keys: LedgerKeys = LEDGER_KEYS) -> str:
        """Sign what is new, and return the newest checkpoints as a file holds them."""
        self.act(Signer(keys), MONDAY)
        newest = self.ask(Ledger(keys).newest).checkpoints
        return checkpoints.join(parse(each.note) for each in newest)

    def verify(
        self,
        log: Log | None,
        anchors: Sequence[pb.ChainHead] = (),
        authenticator: Authenticator | None = None,
        checkpoint: str = "",
    ) -> pb.VerifyResult:
        """Run a proof, beside a log where one is given."""

        @contextmanager
        def open_log() -> Any:
            assert log is not None
            yield log

        verifier = LogVerifier(self.reads, open_log, authenticator)
        steps = list(
            verifier.run(
                store_only=log is None,
                anchors=anchors,
                heads_of=lambda connection: LEDGER.heads(connection, checkpoint),
            )
        )
        assert steps[-1].HasField("result")
        return steps[-1].result

    def close(self) -> None:
        """Close the connections."""
        self.reads.dispose()
        self.engine.dispose()


def week(pick: random.Random, dossiers: int) -> list[Event]:
    """Make the events of a week at the centre, each dossier in its own way, in order of time."""
    numbering = Numbering()
    payloads: list[tuple[int, int, str, Message]] = []
    for number in range(dossiers):
        code = f"H22.12.03-210809-{number:04d}"
        for when, payload in _life(pick):
            payloads.append((when, len(payloads), code, payload))
    payloads.sort(key=lambda s: s[:2])
    return [numbering.event(payload, when, code) for when, _, code, payload in payloads]


def _life(pick: random.Random) -> Iterable[tuple[int, Message]]:
    when = MONDAY + pick.randrange(5) * DAY + pick.randrange(8) * HOUR
    unit = pick.choice(UNITS)
    yield (
        when,
        DossierSubmitted(
            procedure_code=pick.choice(["1.012766", "2.000635"]),
            field=pick.choice(["G03", "G05"]),
            unit=unit,
            channel=pick.choice(
                [Channel.CHANNEL_ONLINE, *3 * [Channel.CHANNEL_COUNTER], Channel.CHANNEL_POST]
            ),
            level=pick.choice([SERVICE_LEVEL_WHOLE, SERVICE_LEVEL_PARTIAL]),
            time_zone=pick.choice([HANOI, HANOI, HANOI, "Europe/Amsterdam"]),
            answer_due_at=to_timestamp(when + 9 * HOUR),
        ),
    )
    when += pick.randrange(1, 20) * HOUR
    chance = pick.random()
    if chance < 0.08:
        yield when, DossierRefused(reason_code="incomplete")
        return
    if chance < 0.12:
        yield when, DossierWithdrawn()
        return
    if chance < 0.2:  # nobody at the desk looks at it
        return
    accepted = DossierAccepted()
    if pick.random() < 0.9:
        accepted.due_at.CopyFrom(to_timestamp(when + pick.randrange(1, 6) * DAY))
    yield when, accepted
    yield when, CaseOpened(current=_step(pick, unit))
    yield from _work(pick, unit, when, accepted)


def _work(
    pick: random.Random, unit: str, when: int, accepted: DossierAccepted
) -> Iterable[tuple[int, Message]]:
    if pick.random() < 0.25:
        when += pick.randrange(1, 20) * HOUR
        yield when, SupplementRequested(round=1)
        if pick.random() < 0.6:
            when += pick.randrange(1, 60) * HOUR
            resumed = CaseResumed(current=_step(pick, unit))
            if accepted.HasField("due_at"):
                resumed.due_at.CopyFrom(to_timestamp(to_us(accepted.due_at) + 2 * DAY))
            yield when, resumed
    for _ in range(pick.randrange(3)):
        when += pick.randrange(1, 30) * HOUR
        yield when, StepCompleted(step="s", next=_step(pick, unit))
    chance = pick.random()
    when += pick.randrange(1, 40) * HOUR
    if chance < 0.1:
        yield when, WithdrawalRequested()
        yield when, CaseWithdrawn()
    elif chance < 0.7:
        yield when, CaseResolved(result=CASE_RESULT_GRANTED)
        if pick.random() < 0.5:
            yield when + HOUR, ItemDelivered(item_number="EE123456785VN")
            yield when + 2 * HOUR, ResultReturned()
        if pick.random() < 0.2:
            yield when + 3 * HOUR, StepRecorded(activity="T10")


def _step(pick: random.Random, unit: str) -> CurrentStep:
    return CurrentStep(step=pick.choice(["check", "sign"]), unit=pick.choice([unit, "X"]))


def known_at_the_end(
    events: Sequence[Event], last: int, as_of: int | None = None
) -> dict[str, Any]:
    """Fold each dossier's events up to the end of a local day, or to an instant before it."""
    zones = {code: row["time_zone"] for code, row in dossier_rows(events).items()}
    ends = {zone: end_of(last, zone) for zone in zones.values()}
    if as_of is not None:
        ends = {zone: min(end, as_of) for zone, end in ends.items()}
    return dossier_rows(e for e in events if to_us(e.occurred_at) <= ends[zones[e.stream_id]])


def stored_rows(events: Iterable[Event]) -> dict[str, Any]:
    """Return the rows that a store of these events has."""
    kept = list(events)
    recorded: dict[str, int] = {}
    for event in kept:
        code, at = event.stream_id, to_us(event.recorded_at)
        recorded[code] = max(at, recorded.get(code, at))
    rows = dossier_rows(kept)
    return {code: {**row, "recorded_at": recorded[code]} for code, row in rows.items()}


def dossier_rows(events: Iterable[Event]) -> dict[str, Any]:
    """Fold each dossier's events with nothing but the lifecycle."""
    rows: dict[str, Any] = {}
    for event in events:
        code = event.stream_id
        rows[code] = fold(rows.get(code), event, to_us(event.occurred_at))
    return rows
