"""What a log must hold again, planned from audit's record and the services' own events."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import delete, make_url, select

from cli.log_repair.content import Origin
from cli.log_repair.held import Database
from cli.log_repair.plan import Planner
from cli.log_repair.repair import forget_waiting, moves
from kernel.base.instants import to_us
from kernel.eventsourcing.envelope import Headers, headers, stream_of, type_name
from kernel.eventsourcing.record import Record, record_digest
from kernel.eventsourcing.service_model import Model
from kernel.storage.engines import open_engine
from services.audit.definition import make_model
from services.audit.tables import TILES
from tests.support.databases import NewDatabase
from tests.support.feed import code_of, supplement, wait_until
from tests.support.memory_log import PARTITIONS, MemoryLog, MemoryReader
from tests.support.resumptions import resume
from tests.support.tally import KERNEL, MODEL, Node

AUDIT = make_model()
MODELS: Mapping[str, Model] = {"routing": MODEL, "audit": AUDIT}


class World:
    """A log, the small service of the tests in routing's place, and audit."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = urls
        self.log = MemoryLog()
        self.made = 0

    def node(self, name: str) -> Node:
        """Return one of the two, as a context manager."""
        return Node("", "memory", self.urls[name], log=self.log, model=MODELS[name])

    def run(self, count: int, *names: str, resumed: Sequence[int] = ()) -> None:
        """Have events of other services come in, and these services read all there is."""
        with ExitStack() as running:
            nodes = [running.enter_context(self.node(name)) for name in names]
            for _ in range(count):
                event = supplement(code_of(self.made % 5), 1 + self.made // 5)
                self.made += 1
                self.log.append(event.stream_id.encode(), event.SerializeToString(), _pairs(event))
            for node in nodes:
                for number in resumed if node.model is MODEL else ():
                    node.writer.submit(resume(number)).result(10)
            wait_until(lambda: all(self._settled(node) for node in nodes))

    def _settled(self, node: Node) -> bool:
        status = node.consumer.status()
        waiting = node.rows(KERNEL.outbox) or node.rows(KERNEL.pending_reactions)
        return status.ready and status.lag == 0 and not waiting and self._read(node)

    def _read(self, node: Node) -> bool:
        ends = {p: self.log.end(p) for p in range(PARTITIONS)}
        return {r["partition"]: r["position"] for r in node.rows(KERNEL.positions)} == ends

    @contextmanager
    def planned(self, log: MemoryLog, target: MemoryLog | None = None) -> Iterator[Planner]:
        """Plan for what is left of the log, or for another topic."""
        with ExitStack() as open_:
            databases = {}
            for name, model in MODELS.items():
                if name not in self.urls:
                    continue
                engine = open_engine(self.urls[name], "tally", read_only=True)
                open_.callback(engine.dispose)
                connection = open_.enter_context(engine.connect())
                settings: Any = SimpleNamespace(database_url=self.urls[name])
                databases[name] = Database(settings, model, connection)
            name = "memory" if target is None else "other"
            planner = Planner(databases, MemoryReader(log), "memory", name)
            planner.make(None if target is None else MemoryReader(target))
            yield planner


def _pairs(event: Event) -> Headers:
    stream, happened = stream_of(event), to_us(event.occurred_at)
    return headers(event.event_id, type_name(event), event.source, stream, happened, "")


def _source(record: Record) -> str:
    return record.header("ce_source")


@pytest.fixture
def world(new_database: NewDatabase) -> World:
    """Two services that have read each other's events, on both kinds of database."""
    return begun({name: new_database(name) for name in MODELS})


@pytest.fixture
def files(tmp_path: Path) -> World:
    """The same on files, of which a test makes copies."""
    return begun({name: f"sqlite:///{tmp_path / name}.sqlite3" for name in MODELS})


def begun(urls: Mapping[str, str]) -> World:
    """Have two services write and read some events."""
    made = World(urls)
    made.run(20, "routing", "audit", resumed=[1, 2, 1])
    return made


@contextmanager
def put_back_afterwards(world: World, name: str) -> Iterator[None]:
    """Put a service's database back, after the block, as it is before."""
    file = Path(make_url(world.urls[name]).database or "")
    copies = [(each, each.with_name(f"kept-{each.name}")) for each in file.parent.glob(f"{name}.*")]
    for each, copy in copies:
        shutil.copy(each, copy)
    yield
    for each in file.parent.glob(f"{name}.*"):
        each.unlink()
    for each, copy in copies:
        copy.rename(each)


def records(log: MemoryLog) -> dict[int, list[Record]]:
    """Return all records of a log by partition."""
    return {p: log.read(p, 0, log.end(p)) for p in range(PARTITIONS)}


def content(planner: Planner) -> dict[int, list[Record]]:
    """Return what is planned, by partition."""
    return {p: [each.record for each in planner.records(p)] for p in range(PARTITIONS)}


def shortened(log: MemoryLog, left: int) -> MemoryLog:
    """Return what is left of a log that has lost its tail."""
    rest = MemoryLog()
    for run in records(log).values():
        for record in run[:left]:
            rest.append(record.key, record.value, record.headers)
    return rest


def test_a_whole_log_needs_nothing(world: World) -> None:
    """All comes from the log itself."""
    with world.planned(world.log) as planner:
        plan = planner.plan
        assert (plan.to_write, plan.differs, plan.refusals) == (0, [], [])
        assert {origin for origin, _ in plan.records} == {Origin.LOG}
        assert moves(planner.databases, plan) == {}


@pytest.mark.parametrize("left", [0, 2], ids=["all lost", "the tail lost"])
def test_every_record_gets_its_place_back(world: World, left: int) -> None:
    """With the same key, bytes and headers; so no position moves."""
    rest = shortened(world.log, left)
    with world.planned(rest) as planner:
        plan = planner.plan
        assert (plan.differs, plan.refusals) == ([], [])
        assert content(planner) == records(world.log)
        kept = sum(rest.end(p) for p in range(PARTITIONS))
        assert plan.to_write == sum(world.log.end(p) for p in range(PARTITIONS)) - kept
        assert moves(planner.databases, plan) == {}


def test_the_plan_has_one_name_until_it_is_done(world: World) -> None:
    """However much of it was written before it was killed."""
    with world.planned(shortened(world.log, 1)) as begun, world.planned(world.log) as done:
        assert begun.plan.plan_id == done.plan.plan_id


def test_a_repeat_keeps_its_place(world: World) -> None:
    """Audit keeps no repeats, but its tree says which one stood there."""
    partition = next(p for p in range(PARTITIONS) if world.log.end(p) > 1)
    first = world.log.read(partition, 0, 1)[0]
    world.log.append(first.key, first.value, first.headers)
    world.run(0, "routing", "audit")
    with world.planned(MemoryLog()) as planner:
        assert content(planner) == records(world.log)
        assert moves(planner.databases, planner.plan) == {}


def test_without_audits_tree_a_repeat_is_filled_by_another_one(world: World) -> None:
    """What was read last there is noted anew."""
    partition = next(p for p in range(PARTITIONS) if world.log.end(p) > 1)
    first = world.log.read(partition, 0, 1)[0]
    world.log.append(first.key, first.value, first.headers)
    world.run(0, "routing", "audit")
    engine = open_engine(world.urls["audit"], "tally")
    with engine.begin() as connection:
        connection.execute(delete(TILES))
    engine.dispose()
    with world.planned(MemoryLog()) as planner:
        planned = content(planner)[partition]
        assert len(planned) == world.log.end(partition)
        assert planned[:-1] == world.log.read(partition, 0, len(planned) - 1)
        assert planned[-1].value == planned[-2].value
        mark = moves(planner.databases, planner.plan)["routing"][partition][1]
        assert mark is not None
        assert (mark.offset, mark.digest) == (len(planned) - 1, record_digest(planned[-1]))


def test_what_audit_has_not_read_comes_from_its_owner(world: World) -> None:
    """Each stream in its order; who has read on goes back to where the places are certain."""
    with world.planned(world.log) as planner:
        exact = dict(planner.plan.exact)
    world.run(0, "routing", resumed=[1, 3, 1])
    with world.planned(MemoryLog()) as planner:
        plan = planner.plan
        assert plan.refusals == []
        assert plan.records[Origin.EVENTS, "routing"] == 3
        found, before = content(planner), records(world.log)
        for partition, end in exact.items():
            assert found[partition][:end] == before[partition][:end]
            assert sorted(r.value or b"" for r in found[partition]) == sorted(
                r.value or b"" for r in before[partition]
            )
        moved = moves(planner.databases, plan)
        assert moved.keys() == {"routing"}
        for partition, (position, mark) in moved["routing"].items():
            assert position == exact[partition]
            assert mark is None or mark.offset == position - 1


def test_another_log_s_records_are_not_lost(world: World) -> None:
    """A topic that was made again has taken some: nothing is put before them. A new topic gets all
    that was, and those after it; bytes that are no event, too.
    """
    other = MemoryLog()
    late = supplement(code_of(77), 1)
    for record in records(world.log)[world_partition(world)][-1:]:
        other.append(record.key, record.value, record.headers)  # this one is held anyway
    other.append(code_of(77).encode(), late.SerializeToString())
    other.append(b"x", b"no event")
    with world.planned(other) as planner:
        assert planner.plan.differs
        assert "give a new topic with --to NAME" in planner.plan.refusals[0]
    with world.planned(other, MemoryLog()) as planner:
        assert planner.plan.refusals == []
        found, before = content(planner), records(world.log)
        for partition, run in before.items():
            assert found[partition][: len(run)] == run
        rest = [r.value for p, run in found.items() for r in run[len(before[p]) :]]
        assert sorted(r or b"" for r in rest) == sorted([late.SerializeToString(), b"no event"])


def world_partition(world: World) -> int:
    """Return a partition with more than one record."""
    return next(p for p in range(PARTITIONS) if world.log.end(p) > 1)


def test_the_target_has_something_else(world: World) -> None:
    """It is left alone."""
    target = MemoryLog()
    target.append(code_of(1).encode(), b"something")
    with world.planned(MemoryLog(), target) as planner:
        assert "has other records than it should: name a new topic" in planner.plan.refusals[0]


def test_a_database_that_was_put_back_and_has_gone_on(files: World) -> None:
    """It has other events under the numbers of those that audit has: nobody but people can say
    which are true.
    """
    with put_back_afterwards(files, "routing"):
        files.run(0, "routing", "audit", resumed=[1])
    log, files.log = files.log, MemoryLog()
    with files.node("routing") as node:
        node.writer.submit(resume(1)).result(10)
    with files.planned(log) as planner:
        (refusal,) = planner.plan.refusals
        assert f"1 stream, such as {code_of(1)} of routing" in refusal
        assert "has other events than audit's record" in refusal


def test_events_that_nobody_holds_any_more(files: World) -> None:
    """A service has read them, and so knows their numbers; their owner would give these again."""
    with put_back_afterwards(files, "audit"):
        files.run(5, "routing", "audit")
    with files.planned(files.log) as planner:
        assert planner.plan.refusals == []
    with files.planned(MemoryLog()) as planner:
        (refusal,) = planner.plan.refusals
        assert "5 streams" in refusal
        assert "has read events that nobody holds any more" in refusal


def test_without_audit_s_record(world: World) -> None:
    """All own events are there; others' only while the log has them."""
    world.urls = {"routing": world.urls["routing"]}
    with world.planned(world.log) as planner:
        assert planner.plan.to_write == 0
        assert "audit" in planner.plan.missing
    with world.planned(MemoryLog()) as planner:
        own = [r for run in records(world.log).values() for r in run if _source(r) == "routing"]
        assert planner.plan.records[Origin.EVENTS, "routing"] == len(own) > 20
        assert "nobody holds any more" in planner.plan.refusals[0]


def test_what_is_written_after_the_plan_waits_on(files: World) -> None:
    """A service was started too early: its event is in no plan, and on no log."""
    engine = open_engine(files.urls["routing"], "routing")
    outbox = KERNEL.outbox
    row = {
        "stream_id": code_of(1), "stream_kind": "dossier", "sequence": 9, "type": "x", "trace": "",
        "occurred_at": 1, "body": b"x", "batch": b"", "enqueued_at": 1, "quarantine_reason": None,
    }  # fmt: skip
    try:
        with engine.begin() as connection:
            connection.execute(outbox.insert(), row | {"event_id": "planned"})
        with files.planned(files.log) as planner:
            assert planner.plan.waiting["routing"]
            with engine.begin() as connection:
                connection.execute(outbox.insert(), row | {"event_id": "later", "sequence": 10})
            forget_waiting(planner.databases, planner.plan)
        with engine.connect() as connection:
            assert list(connection.execute(select(outbox.c.event_id)).scalars()) == ["later"]
    finally:
        engine.dispose()
