"""Deciders' states, which a writer keeps from one transaction to the next."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1.case_events_pb2 import CaseResumed

from kernel.eventsourcing import envelope
from kernel.eventsourcing import group_commit as module
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from tests.support.databases import NewDatabase
from tests.support.feed import code_of
from tests.support.tally import KERNEL, METADATA, MODEL

CODE = code_of(1)
FOLDED: list[int] = []


def _count(state: int, event: object) -> int:
    FOLDED.append(1)
    return state + 1


COUNTING = dataclasses.replace(MODEL, initial=0, evolve=_count)
Start = Callable[[], Writer]


@pytest.fixture
def start(new_database: NewDatabase) -> Iterator[Start]:
    """`start()`: one more writer, all on the same database."""
    engine = open_engine(new_database(), "tally")
    METADATA.create_all(engine)
    made: list[Writer] = []

    def make() -> Writer:
        made.append(Writer(engine, COUNTING))
        made[-1].start()
        return made[-1]

    yield make
    for writer in made:
        writer.stop()
    engine.dispose()


def append(uow: UnitOfWork) -> int:
    """Write one event more; gives how many there are."""
    uow.append(
        CODE,
        [CaseResumed()],
        actor=Actor(kind=ActorKind.ACTOR_KIND_CITIZEN),
        occurred_at=1,
        recorded_at=1,
        causation_id="",
        correlation_id=CODE,
    )
    return int(uow.state(CODE))


def state(uow: UnitOfWork) -> int:
    """Return how many events there are, by their fold."""
    return int(uow.state(CODE))


def _state_of(number: int, uow: UnitOfWork) -> object:
    return uow.state(code_of(number))


def test_what_another_writer_appends_is_seen(start: Start) -> None:
    """Two writers in turn each decide on all events, and fold only those that are new to them."""
    one, other = start(), start()
    for number in range(1, 6):
        assert one.exclusive(append).result(10) == 2 * number - 1
        assert other.exclusive(append).result(10) == 2 * number
    FOLDED.clear()
    assert [w.exclusive(state).result(10) for w in (one, other, one)] == [10, 10, 10]
    assert len(FOLDED) == 1


def test_what_was_rolled_back_is_forgotten(start: Start) -> None:
    """A job that fails after it appended leaves no trace in the state."""

    def fail(uow: UnitOfWork) -> None:
        append(uow)
        raise ValueError("on purpose")

    writer = start()
    writer.exclusive(append).result(10)
    with pytest.raises(ValueError, match="on purpose"):
        writer.exclusive(fail).result(10)
    with pytest.raises(ValueError, match="on purpose"):
        writer.submit(fail).result(10)
    assert writer.exclusive(state).result(10) == 1


def test_few_are_kept(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many dossiers are worked on, only the latest states are kept; the others are
    folded again.
    """
    monkeypatch.setattr(module, "REMEMBERED", 3)
    writer = start()
    writer.exclusive(append).result(10)
    for number in range(2, 9):
        writer.exclusive(partial(_state_of, number)).result(10)
        assert len(writer._states) <= 3
    assert writer.exclusive(state).result(10) == 1


def test_a_database_that_lost_its_last_transaction_is_noticed(start: Start) -> None:
    """As after a change-over to a standby that lagged behind: the state of an event that is gone is
    not taken for that of the event that stands in its place."""
    one, other = start(), start()
    one.exclusive(append).result(10)
    one.exclusive(append).result(10)

    def lose(uow: UnitOfWork) -> None:
        for table in (KERNEL.events, KERNEL.outbox):
            uow.connection.execute(table.delete().where(table.c.sequence == 2))
        size = envelope.DIGEST_SIZE
        row = uow.connection.execute(KERNEL.streams.select()).mappings().one()
        before = {"sequence": 1, "digests": row["digests"][:size]}
        uow.connection.execute(KERNEL.streams.update().values(before))

    other.exclusive(lose).result(10)
    other.exclusive(append).result(10)
    before = len(FOLDED)
    assert one.exclusive(lambda uow: uow.state(CODE)).result(10) == 2
    assert len(FOLDED) - before == 2, "the remembered state was of an event that is gone"
