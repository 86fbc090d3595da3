"""The events of one decision are all on the log, or none is, also when a database is lost between
the publication of the first and the last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted
from motcua.routing.v1.case_events_pb2 import CaseResumed

from kernel.eventsourcing.envelope import BATCH, BATCH_BYTES, batch_of
from kernel.eventsourcing.service_model import About
from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.memory_log import MemoryProducer
from tests.support.tally import DISCARD, KERNEL, MODEL, Node

ONE, OTHER = code_of(1), code_of(2)


def several(_uow: UnitOfWork, _event: Event, _payload: Message) -> Sequence[Message | About]:
    """Answer twice, and in another stream too."""
    return [CaseResumed(), About(OTHER, CaseResumed()), CaseResumed(), About(OTHER, CaseResumed())]


MODEL_OF_SEVERAL = dataclasses.replace(MODEL, reactions={SupplementSubmitted: several})


@pytest.fixture
def log() -> LogInMemory:
    """An empty log."""
    return LogInMemory()


@pytest.fixture
def publish_some(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], bool]], None]:
    """Return a function by which only some of a service's rows reach the log, from then on."""
    send = MemoryProducer.send

    def some(choose: Callable[[Any], bool]) -> None:
        def send_some(producer: MemoryProducer, rows: Sequence[Any]) -> Any:
            acked, fault = send(producer, [row for row in rows if choose(row)])
            return acked, fault or (OSError() if len(acked) < len(rows) else None)

        monkeypatch.setattr(MemoryProducer, "send", send_some)

    return some


def dossiers(log: LogInMemory) -> list[tuple[str, int, str]]:
    """Return what the service has said of dossiers on the log: stream, sequence, event id."""
    own = [e for e in log.read() if e.source == MODEL.source and e.stream_kind == "dossier"]
    return sorted((e.stream_id, e.sequence, e.event_id) for e in own)


def settled(node: Node) -> None:
    """Wait until a service has read the log and published all it has."""
    wait_until(node.is_ready)
    wait_until(lambda: not node.rows(KERNEL.outbox))


@pytest.mark.parametrize("first", [(ONE, 1), (OTHER, 1)], ids=["its stream", "the other stream"])
def test_outcomes_of_a_lost_database_are_completed(
    log: LogInMemory,
    tmp_path: Path,
    publish_some: Callable[[Callable[[Any], bool]], None],
    first: tuple[str, int],
) -> None:
    """With the very events that were decided; and read once more, nothing is written again."""
    log.put([supplement(ONE, 1)])
    publish_some(lambda row: (row.stream_id, row.sequence) == first)
    with log.node(f"sqlite:///{tmp_path / 'a.sqlite'}", model=MODEL_OF_SEVERAL) as node:
        wait_until(lambda: len(node.events()) == 4)
        wait_until(lambda: len(dossiers(log)) == 1)
        decided = sorted((r["stream_id"], r["sequence"], r["event_id"]) for r in node.events())
    publish_some(lambda _row: True)
    for name in "bc":
        with log.node(f"sqlite:///{tmp_path / name}.sqlite", model=MODEL_OF_SEVERAL) as node:
            settled(node)
            assert dossiers(log) == decided
            assert not node.rows(KERNEL.batch_events) + node.rows(KERNEL.pending_reactions)


def test_what_a_command_wrote_is_completed(
    log: LogInMemory, tmp_path: Path, publish_some: Callable[[Callable[[Any], bool]], None]
) -> None:
    """It was answered with OK, and half of it on the log is a state that no decision allows."""
    publish_some(lambda row: row.stream_kind == "service" or row.sequence == 1)
    with log.node(f"sqlite:///{tmp_path / 'a.sqlite'}") as node:
        wait_until(node.is_ready)
        payloads = [CaseResumed(), CaseResumed(), CaseResumed()]
        command = partial(UnitOfWork.append_call, stream_id=ONE, payloads=payloads, call=DISCARD)
        node.writer.submit(lambda uow: bool(command(uow))).result(10)
        wait_until(lambda: len(dossiers(log)) == 1)
        decided = sorted((r["stream_id"], r["sequence"], r["event_id"]) for r in node.events())
    publish_some(lambda _row: True)
    with log.node(f"sqlite:///{tmp_path / 'b.sqlite'}") as node:
        settled(node)
        assert dossiers(log) == decided


def test_only_the_first_event_carries_the_others(log: LogInMemory, tmp_path: Path) -> None:
    """One alone carries nothing, nor does what would be too large for the broker."""
    with log.node(f"sqlite:///{tmp_path / 'a.sqlite'}", model=MODEL_OF_SEVERAL) as node:
        wait_until(node.is_ready)
        log.put([supplement(ONE, 1)])
        wait_until(lambda: len(dossiers(log)) == 4)
        node.writer.submit(
            lambda uow: bool(uow.append_call(code_of(3), [CaseResumed()], DISCARD))
        ).result(10)
        wait_until(lambda: len(dossiers(log)) == 5)
    reader = log.connect()
    reader.seek(dict.fromkeys(reader.partitions(), 0))
    records, _moved = reader.poll({})
    carrying = [
        (event.stream_id, event.sequence)
        for record in records
        if record.header_bytes(BATCH)
        for event in [Event.FromString(record.value or b"")]
    ]
    assert sorted(carrying) == [(ONE, 1), (OTHER, 1)]
    assert batch_of([bytes(BATCH_BYTES)])
    assert batch_of([bytes(BATCH_BYTES), b"x"]) == b""
