"""A record that no source has proven is no event: an ordinary client of the log writes nothing into
the record.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.operations.v1.service_events_pb2 import RecordDiscarded
from structlog.testing import capture_logs

from kernel.consumer.decisions.service_stream import SERVICE
from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.envelope import make_event
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import LogInMemory
from tests.support.tally import DISCARD, HEARD, KERNEL, SEEN, SILENT, Node

CODE = code_of(1)
KEYS = Authenticator([b"k" * 32])
OTHER = Authenticator([b"o" * 32])


@pytest.fixture
def log() -> LogInMemory:
    """An empty log."""
    return LogInMemory()


@pytest.fixture
def node(log: LogInMemory, tmp_path: Path) -> Iterator[Node]:
    """A service that checks who wrote what."""
    model = replace(SILENT, authenticator=KEYS)
    with log.node(f"sqlite:///{tmp_path / 'tally.sqlite'}", model=model) as made:
        yield made


def write(log: LogInMemory, event: Event, keys: Authenticator, source: str = "") -> None:
    """Put an event on the log with the code of a source, which is its own by default."""
    log.put_with(event, [keys.header(source or event.source, event.SerializeToString())])


def reasons(node: Node) -> list[str]:
    """List the reasons of what is in quarantine."""
    return [row["reason"] for row in node.rows(KERNEL.quarantine)]


def test_only_what_its_source_has_proven_takes_effect(log: LogInMemory, node: Node) -> None:
    """Neither without a code, nor with another key's, nor with another source's; no such record
    holds back the true one.
    """
    true = supplement(CODE, 1)
    with capture_logs() as lines:
        log.put([supplement(CODE, 1)])
        write(log, supplement(CODE, 1), OTHER)
        write(log, supplement(CODE, 1), KEYS, "routing")
        write(log, supplement(CODE, 1, source="nobody"), OTHER)
        write(log, true, KEYS)
        wait_until(lambda: bool(node.rows(SEEN)))
    assert [row["event_id"] for row in node.rows(HEARD)] == [true.event_id]
    assert reasons(node) == ["unauthenticated"] * 4
    assert sum(e["records"] for e in lines if e["event"] == "consumer.unauthenticated") == 4


def test_it_is_taken_once_its_key_is_known(log: LogInMemory, tmp_path: Path) -> None:
    """By an operator's redrive, after a restart with the key; before, a redrive changes nothing."""
    url = f"sqlite:///{tmp_path / 'tally.sqlite'}"
    with log.node(url, model=replace(SILENT, authenticator=KEYS)) as without:
        write(log, supplement(CODE, 1), OTHER)
        wait_until(lambda: bool(reasons(without)))
        without.consumer.quarantine.redrive(CODE)
        assert (reasons(without), without.rows(SEEN)) == (["unauthenticated"], [])
    both = Authenticator([b"k" * 32, b"o" * 32])
    with log.node(url, model=replace(SILENT, authenticator=both)) as node:
        node.consumer.quarantine.redrive(CODE)
        wait_until(lambda: bool(node.rows(SEEN)))
        assert reasons(node) == []


def test_given_up_it_takes_no_place_in_its_stream(log: LogInMemory, node: Node) -> None:
    """The true event of that number is taken after it."""
    log.put([supplement(CODE, 1)])
    wait_until(lambda: bool(reasons(node)))
    node.consumer.quarantine.redrive(CODE, discard=DISCARD)
    assert reasons(node) == ["discarded"]
    true = supplement(CODE, 1)
    write(log, true, KEYS)
    wait_until(lambda: bool(node.rows(SEEN)))
    assert [row["event_id"] for row in node.rows(HEARD)] == [true.event_id]


@pytest.mark.parametrize("forged", [True, False])
def test_a_stranger_gives_nothing_up(log: LogInMemory, tmp_path: Path, forged: bool) -> None:
    """Only what the service itself has proven to have given up is left out at its start."""
    true = supplement(CODE, 1)
    given_up = RecordDiscarded(
        stream_kind="dossier",
        stream_id=CODE,
        event_id=true.event_id,
        digest=sha256(true.SerializeToString()).digest(),
    )
    operator_event = make_event(
        SILENT.source,
        SILENT.source,
        1,
        given_up,
        stream_kind=SERVICE,
        actor=Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="x"),
        occurred_at=true.recorded_at.ToMicroseconds(),
        recorded_at=time.time_ns() // 1000,
        causation_id="",
        correlation_id="x",
    )
    write(log, true, KEYS)
    write(log, operator_event, OTHER if forged else KEYS)
    with log.node(
        f"sqlite:///{tmp_path / 'tally.sqlite'}", model=replace(SILENT, authenticator=KEYS)
    ) as node:
        wait_until(node.is_ready)
        assert len(node.rows(HEARD)) == (1 if forged else 0)
        assert reasons(node) == ["unauthenticated" if forged else "discarded"]
