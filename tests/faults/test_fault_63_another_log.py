"""Fault 63: the log is another one than that which was read so far.

A broker is put back from an older copy, its topic is made again, the beginning of the log is cut,
or partitions are added. Nothing is taken from such a log and nothing is published into it, and when
the right one is back the service goes on by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import pytest
from kafka import KafkaAdminClient, TopicPartition
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from cli.grpc_clients import status_of
from infra.local.kafka import KafkaBroker
from kernel.consumer.reading.log_comparison import LogDiffers
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.rebuild.rebuild import rebuild
from kernel.rpc.client import explain
from tests.support.feed import code_of, log_of, put, supplement, wait_until
from tests.support.identity import metadata
from tests.support.resumptions import resume
from tests.support.service import ServiceProcess
from tests.support.tally import HEARD, KERNEL, METADATA, MODEL, SOURCE, Node
from tests.support.walk import submission

pytestmark = pytest.mark.faults
TOPIC = "dossier.events"
PATIENCE = 120.0


@pytest.fixture
def broker(own_kafka: KafkaBroker) -> KafkaBroker:
    """A broker with the topic of events."""
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    return own_kafka


@pytest.fixture
def node(broker: KafkaBroker, tmp_path: Path) -> Iterator[Node]:
    """A service that runs on it."""
    with Node(broker.bootstrap, TOPIC, f"sqlite:///{tmp_path / 'tally.sqlite'}") as made:
        yield made


def supplements(first: int, count: int) -> list[Event]:
    """Return events of other services, of different dossiers."""
    return [supplement(code_of(number), 1) for number in range(first, first + count)]


def heard(node: Node) -> list[str]:
    """Return the events of others that have taken effect."""
    return sorted(row["event_id"] for row in node.rows(HEARD))


def ids(events: Sequence[Event]) -> list[str]:
    """Return the identities of events."""
    return sorted(event.event_id for event in events)


def drained(node: Node, own: int) -> bool:
    """Return whether the service has this many own events, all published."""
    return len(node.events()) == own and not node.rows(KERNEL.outbox)


def copy_of(broker: KafkaBroker, target: Path) -> Path:
    """Copy the broker's data while it is stopped, and start it again."""
    broker.stop()
    shutil.copytree(broker.data_dir / "log", target)
    broker.start()
    return target


def put_back(broker: KafkaBroker, source: Path) -> None:
    """Have the broker start on a copy of its data."""
    broker.stop()
    shutil.rmtree(broker.data_dir / "log")
    shutil.copytree(source, broker.data_dir / "log")
    broker.start()


def wait_halted(node: Node, words: str) -> None:
    """Wait until the service says that it reads no further, and why."""
    wait_until(lambda: words in node.consumer.status().halted, PATIENCE, words)
    assert not node.consumer.status().ready
    assert not node.consumer.readiness.may_publish()


def test_a_broker_that_was_put_back_from_a_copy(
    broker: KafkaBroker, node: Node, tmp_path: Path
) -> None:
    """Also once its log has grown past the position of before: an offset is no identity. What was
    decided meanwhile waits, and is published into the right log."""
    sent = supplements(0, 12)
    put(broker.bootstrap, TOPIC, sent)
    wait_until(lambda: drained(node, 12), what="all are answered")
    older = copy_of(broker, tmp_path / "older")
    more = supplements(100, 12)
    put(broker.bootstrap, TOPIC, more)
    wait_until(lambda: drained(node, 24), what="more are answered")
    right = copy_of(broker, tmp_path / "right")

    put_back(broker, older)
    wait_halted(node, "ends before the position")
    node.writer.submit(resume(950)).result(10)
    put(broker.bootstrap, TOPIC, supplements(200, 400))
    wait_halted(node, "another record than the last one")
    assert heard(node) == ids([*sent, *more])
    assert not [e for e in log_of(broker.bootstrap, TOPIC) if e.stream_id == code_of(950)]
    assert len(node.rows(KERNEL.outbox)) == 1

    put_back(broker, right)
    wait_until(lambda: drained(node, 25), what="what waited is published")
    assert heard(node) == ids([*sent, *more])
    own = [e.event_id for e in log_of(broker.bootstrap, TOPIC) if e.source == SOURCE]
    assert sorted(own) == sorted(row["event_id"] for row in node.events())
    last = supplements(900, 1)
    put(broker.bootstrap, TOPIC, last)
    wait_until(lambda: heard(node) == ids([*sent, *more, *last]), what="it reads on")
    assert node.consumer.status().halted == ""


def test_a_topic_that_was_made_again(broker: KafkaBroker, node: Node) -> None:
    """It has the name and the settings of the one before, and none of its events."""
    put(broker.bootstrap, TOPIC, supplements(0, 12))
    wait_until(lambda: drained(node, 12), what="all are answered")
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.delete_topics([TOPIC])
    admin.close()
    wait_until(lambda: _made_again(broker), PATIENCE, "the topic is there again")
    wait_halted(node, "ends before the position")
    node.writer.submit(resume(950)).result(10)
    put(broker.bootstrap, TOPIC, supplements(100, 400))
    wait_halted(node, "another record than the last one")
    assert len(node.rows(KERNEL.outbox)) == 1


def _made_again(broker: KafkaBroker) -> bool:
    try:
        ensure_topics(broker.bootstrap, topics=[events_topic(TOPIC)])
    except Exception:
        return False
    return True


def test_a_log_whose_beginning_is_cut(broker: KafkaBroker, node: Node, tmp_path: Path) -> None:
    """Neither a running service, nor a new database, nor a rebuild takes what is left for all."""
    put(broker.bootstrap, TOPIC, supplements(0, 30))
    wait_until(lambda: drained(node, 30), what="all are answered")
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.delete_records({TopicPartition(TOPIC, number): 1 for number in range(6)})
    admin.close()
    wait_halted(node, "lost its beginning")
    fresh = f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    with Node(broker.bootstrap, TOPIC, fresh) as other:
        wait_halted(other, "lost its beginning")
        assert heard(other) == []
    with pytest.raises(LogDiffers, match="lost its beginning"):
        rebuild(
            MODEL,
            broker.bootstrap,
            TOPIC,
            f"sqlite:///{tmp_path / 'rebuilt.sqlite'}",
            prepare=lambda engine, _model: METADATA.create_all(engine),
        )


def test_partitions_that_were_added(broker: KafkaBroker, node: Node) -> None:
    """The events of a dossier would be spread over two partitions, in no order."""
    put(broker.bootstrap, TOPIC, supplements(0, 6))
    wait_until(lambda: drained(node, 6), what="all are answered")
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_partitions({TOPIC: 9})
    admin.close()
    wait_halted(node, "further partitions 6, 7 and 8")


def test_no_command_is_taken_on_another_log(broker: KafkaBroker, tmp_path: Path) -> None:
    """A citizen is told so, in words and by a reason that a program knows, and nothing is lost:
    what was confirmed before is in the database, and on the log when the right one is back."""
    older = copy_of(broker, tmp_path / "older")
    desk = ServiceProcess("intake", tmp_path / "desk", broker.bootstrap, TOPIC)
    with desk, desk.channel() as channel:
        desk.wait_ready()
        stub, citizen = IntakeServiceStub(channel), metadata("citizen", "mai")

        def submit() -> pb.SubmitDossierResponse:
            request = submission()
            answer: pb.SubmitDossierResponse = stub.SubmitDossier(
                request, timeout=20, metadata=citizen
            )
            return answer

        codes = [submit().dossier_code for _ in range(5)]
        desk.wait_published()
        wait_until(lambda: _met_again(desk) == 6, PATIENCE, "it has read what it has published")
        right = copy_of(broker, tmp_path / "right")
        put_back(broker, older)

        def refused() -> bool:
            try:
                codes.append(submit().dossier_code)
            except grpc.RpcError as error:
                problem = explain(error)
                assert problem.code == grpc.StatusCode.UNAVAILABLE
                return problem.reason == "LOG_DIFFERS"
            return False

        wait_until(refused, PATIENCE, "commands are refused")
        assert not log_of(broker.bootstrap, TOPIC)
        put_back(broker, right)
        desk.wait_published()
        codes.append(submit().dossier_code)
        desk.wait_published()
        stored = [e.stream_id for e in log_of(broker.bootstrap, TOPIC)]
        assert sorted(stored) == sorted(codes)


def _met_again(desk: ServiceProcess) -> int:
    """Return how many of its own events a service has read from the log."""
    status = status_of(desk.name, desk.address)
    return 0 if status is None else status.repeats
