"""Two workers of one service, and reactions that a bulk read left for later."""

import dataclasses
import uuid
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from infra.local.postgres import PostgresServer
from kernel.base.clock import RealClock
from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import accepted
from kernel.consumer.applying.batch_applier import Applier
from kernel.consumer.applying.reactions import run_some
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from tests.support.feed import code_of, supplement, wait_until
from tests.support.locks import waits_for_lock
from tests.support.tally import KERNEL, METADATA, MODEL, answer, rows

RUN = partial(run_some, clock=RealClock())


def test_two_workers_run_a_pending_reaction_once(postgres: PostgresServer) -> None:
    """One stands between its look for outcomes and its own; the other runs the same rows."""
    name = f"pending_{uuid.uuid4().hex[:12]}"
    engine = open_engine(postgres.create_database(name), "tally")
    METADATA.create_all(engine)
    other = Writer(engine, MODEL)
    others: list[Future[Any]] = []

    def overtaken(uow: UnitOfWork, event: Event, payload: Message) -> Sequence[Message]:
        if not others:
            others.append(other.exclusive(RUN))
            wait_until(lambda: others[0].done() or waits_for_lock(engine), what="the other's turn")
        return answer(uow, event, payload)

    one = Writer(engine, dataclasses.replace(MODEL, reactions={SupplementSubmitted: overtaken}))
    one.start()
    other.start()
    try:
        one.exclusive(_left_pending).result(10)
        by_one, by_other = one.exclusive(RUN).result(20), others[0].result(20)
        assert sorted((by_one, by_other)) == [(0, {}), (5, {"SupplementSubmitted": 5})]
        caused = [row["causation_id"] for row in rows(engine, KERNEL.events)]
        assert len(caused) == len(set(caused)) == 5
    finally:
        one.stop()
        other.stop()
        engine.dispose()
        postgres.drop_database(name)


def _left_pending(uow: UnitOfWork) -> None:
    """Handle five records as a bulk read does."""
    events = [supplement(code_of(number), 1) for number in range(5)]
    records = [
        Record(0, offset, event.stream_id.encode(), event.SerializeToString(), [])
        for offset, event in enumerate(events)
    ]
    positions.begin(uow, [0])
    uow.flush()
    batch = accepted((record, record.offset) for record in records)
    done = Applier("t", RealClock(), reacting=False).apply(uow, batch, {})
    assert done.pended == 5
