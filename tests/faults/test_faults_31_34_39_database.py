"""Faults 31, 34, 39: the database is away, two writers meet, two kinds of database hold the
same.
"""

import threading
from pathlib import Path

import pytest
from motcua.routing.v1.case_events_pb2 import CaseOpened

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from infra.local.postgres import PostgresServer
from kernel.base.errors import Conflict, Unavailable
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from tests.support.feed import code_of, put, supplement, wait_until, workload
from tests.support.runner import answered, check_once
from tests.support.tally import ANSWERED, HEARD, KERNEL, METADATA, MODEL, SEEN, SOURCE, Node, rows

pytestmark = pytest.mark.faults


def test_fault_31_database_away(
    kafka: KafkaBroker, topic: str, session_dir: Path, postgres: PostgresServer
) -> None:
    """Commands are told to retry, the consumer waits where it is, and all goes on by itself."""
    own = PostgresServer(session_dir / "away", free_port())
    with own:
        sent = [supplement(code_of(d), 1) for d in range(20)]
        with Node(kafka.bootstrap, topic, own.create_database("away")) as node:
            put(kafka.bootstrap, topic, sent[:10])
            wait_until(lambda: answered(node.reads, 10))
            wait_until(lambda: len(node.consumer.buffer.assigned) == 6)
            own.kill()
            put(kafka.bootstrap, topic, sent[10:])
            for _ in range(3):
                with pytest.raises(Unavailable):
                    node.writer.submit(lambda uow: uow.sequence("x", "routing")).result(10)
            own.start()
            wait_until(lambda: answered(node.reads, 20), what="recovered alone")
            check_once(node.reads, sent, kafka.bootstrap, topic)


def test_fault_34_two_commands_at_one_version(database_url: str) -> None:
    """Two processes decide about one dossier at once: one of them wins, the other sees that or is
    told.
    """
    engines = [open_engine(database_url, "tally") for _ in range(2)]
    METADATA.create_all(engines[0])
    writers = [Writer(engine, MODEL) for engine in engines]
    meeting = threading.Barrier(2)

    def once(uow: UnitOfWork) -> str:
        if uow.sequence(code_of(1), "routing"):
            return "refused"
        try:
            meeting.wait(0.5)  # on SQLite the other one is not let in before this one has committed
        except threading.BrokenBarrierError:
            pass
        uow.append(
            code_of(1),
            [CaseOpened()],
            actor=uow.system_actor(),
            occurred_at=1,
            recorded_at=1,
            causation_id="",
            correlation_id="",
        )
        return "done"

    for writer in writers:
        writer.start()
    futures = [writer.submit(once) for writer in writers]
    outcomes = []
    for future in futures:
        try:
            outcomes.append(future.result(20))
        except Conflict:
            outcomes.append("aborted")
    assert sorted(outcomes) in (["done", "refused"], ["aborted", "done"])
    assert [row["sequence"] for row in rows(engines[0], KERNEL.events)] == [1]
    for writer, engine in zip(writers, engines, strict=True):
        writer.stop()
        engine.dispose()


def test_fault_39_same_rows_on_both_databases(
    kafka: KafkaBroker, topic: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """SQLite and PostgreSQL hold the same views after the same log."""
    sent = workload(dossiers=30, each=4)
    strange = [supplement(code_of(5), 9), supplement(code_of(5), 10), sent[3]]
    put(kafka.bootstrap, topic, [*sent, *strange])
    found = []
    for url in (f"sqlite:///{tmp_path / 'a.sqlite'}", postgres.create_database("same")):
        with Node(kafka.bootstrap, topic, url, faust=False) as node:
            node.relay.stop()
            wait_until(node.is_ready)
            tables = [node.rows(t) for t in (SEEN, HEARD, ANSWERED, KERNEL.streams)]
            for row in tables[-1]:  # each has answers of its own
                if row["source"] == SOURCE:
                    row["digests"] = b""
            quarantined = [(p.offset, p.reason) for p in node.consumer.quarantine.list()]
            found.append((tables, quarantined))
    postgres.drop_database("same")
    assert found[0] == found[1]
    assert len(found[0][1]) == 2
