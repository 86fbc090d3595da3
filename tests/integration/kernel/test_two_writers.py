"""Two processes of one service on one PostgreSQL: each transaction sees one state of the database,
and one of two that change the same rows is run again.
"""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1.case_events_pb2 import CaseResumed
from sqlalchemy import BigInteger, Column, Engine, MetaData, String, Table

from infra.local.postgres import PostgresServer
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import kernel_tables
from tests.support.feed import code_of
from tests.support.tally import rows

METADATA = MetaData()
KERNEL = kernel_tables(METADATA)
CASES = Table(
    "cases",
    METADATA,
    Column("dossier_code", String, primary_key=True),
    # intake
    Column("heard", BigInteger),
    # routing
    Column("written", BigInteger),
)
COUNTER = Table(
    "counter", METADATA, Column("name", String, primary_key=True), Column("number", BigInteger)
)
CODE = code_of(1)
CALL = Call(Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an.nv"), "vi", "", 1, 1, "", "")


def _said(uow: UnitOfWork, _event: Any, _payload: Any) -> None:
    row = uow.get(CASES, CODE) or {}
    uow.change(CASES, CODE, written=(row.get("written") or 0) + 1)


MODEL = Model("routing", "dossier", KERNEL, projections={CaseResumed: _said}, by_stream=(CASES,))


@pytest.fixture
def engine(postgres: PostgresServer) -> Iterator[Engine]:
    name = f"two_{uuid.uuid4().hex[:12]}"
    engine = open_engine(postgres.create_database(name), "routing")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()
    postgres.drop_database(name)


@pytest.fixture
def start(engine: Engine) -> Iterator[Callable[[], Writer]]:
    """`start()`: one more process's writer."""
    made: list[Writer] = []

    def started() -> Writer:
        made.append(Writer(engine, MODEL))
        made[-1].start()
        return made[-1]

    yield started
    for writer in made:
        writer.stop()


def _after(other: Writer, work: Callable[[UnitOfWork], Any]) -> Callable[[UnitOfWork], None]:
    """Return what has the other process commit its work at this point, the first time."""
    begun: list[Future[Any]] = []

    def meanwhile(_uow: UnitOfWork) -> None:
        if not begun:
            begun.append(other.submit(work))
            begun[0].result(20)

    return meanwhile


def _hear(uow: UnitOfWork) -> None:
    uow.change(CASES, CODE, heard=7)


def _say(uow: UnitOfWork) -> None:
    uow.append_call(CODE, [CaseResumed()], CALL)


@pytest.mark.parametrize("exists", [True, False])
def test_columns_of_two_sources(engine: Engine, start: Callable[[], Writer], exists: bool) -> None:
    """One process hears of a dossier while the other writes about it: neither overwrites."""
    one, other = start(), start()
    if exists:
        one.submit(lambda uow: uow.change(CASES, CODE, heard=1)).result(20)
    meanwhile = _after(other, _hear)

    def write(uow: UnitOfWork) -> None:
        uow.get(CASES, CODE)
        meanwhile(uow)
        _say(uow)

    one.submit(write).result(20)
    assert rows(engine, CASES) == [{"dossier_code": CODE, "heard": 7, "written": 1}]


def test_a_decision_sees_one_state(engine: Engine, start: Callable[[], Writer]) -> None:
    """What was read of a dossier before the other process wrote is not decided upon after it."""
    one, other = start(), start()
    meanwhile = _after(other, _say)
    seen: list[tuple[int, int]] = []

    def decide(uow: UnitOfWork) -> None:
        written = (uow.get(CASES, CODE) or {}).get("written") or 0
        meanwhile(uow)
        seen.append((written, uow.sequence(CODE, "routing")))
        _say(uow)

    one.submit(decide).result(20)
    assert seen == [(0, 0), (1, 1)]
    assert rows(engine, CASES) == [{"dossier_code": CODE, "heard": None, "written": 2}]


def test_a_group_that_meets_another_s_change_is_run_again(
    engine: Engine, start: Callable[[], Writer]
) -> None:
    """All jobs of the group have their effect once."""
    one, other = start(), start()
    meanwhile = _after(other, _hear)

    def write(uow: UnitOfWork) -> None:
        uow.get(CASES, CODE)
        meanwhile(uow)
        _say(uow)

    blocked: Future[Any] = Future()
    one.submit(lambda _uow: blocked.result(20))
    jobs = [one.submit(write), *(one.submit(_say) for _ in range(9))]
    blocked.set_result(None)
    for job in jobs:
        job.result(20)
    assert rows(engine, CASES) == [{"dossier_code": CODE, "heard": 7, "written": 10}]
    assert len(rows(engine, KERNEL.events)) == 10


def test_many_writers_count_on_one_row(engine: Engine, start: Callable[[], Writer]) -> None:
    """A row that everybody wants costs waiting, never an error or a number given twice."""
    writers = [start() for _ in range(6)]

    def next_number(uow: UnitOfWork) -> int:
        row = uow.lock(COUNTER, {"name": "day", "number": 0})
        number = int(row["number"]) + 1
        uow.put(COUNTER, {"name": "day", "number": number})
        return number

    with ThreadPoolExecutor(24) as pool:
        numbers = list(
            pool.map(lambda n: writers[n % 6].submit(next_number).result(60), range(600))
        )
    assert sorted(numbers) == list(range(1, 601))
