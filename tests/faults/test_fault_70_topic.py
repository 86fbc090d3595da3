"""Fault 70: the topic of events is missing, made by somebody else, or changed under a running
service, so that it would lose events or spread those of a dossier.

Nothing is taken from it and nothing is published into it; the status says so with the command that
mends it, and then the service goes on by itself. No client ever makes one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import grpc
import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.operations.v1.operations_pb2 import GetStatusResponse, HaltReason
from sqlalchemy import create_engine, text

from cli.grpc_clients import status_of
from cli.stack.plan import SERVICES
from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.kafka.topics import check_topics, ensure_topics, events_topic, fix_topic
from kernel.rpc.client import explain
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.service import ServiceProcess
from tests.support.stack import Stack
from tests.support.walk import submission

pytestmark = pytest.mark.faults
TOPIC = "dossier.events"
CITIZEN = metadata("citizen", "mai")


class Careless(KafkaBroker):
    """A broker that makes each topic that it is asked for, as Kafka does unless it is told."""

    def _write_settings(self) -> None:
        super()._write_settings()
        with (self.data_dir / "server.properties").open("a") as settings:
            settings.write("auto.create.topics.enable=true\nnum.partitions=1\n")


@pytest.fixture
def careless(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker that makes topics, and has none."""
    with Careless(tmp_path / "kafka", free_port()) as broker:
        yield broker


def topics(broker: KafkaBroker) -> list[str]:
    """Return the topics of a broker without those of its own."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        return [name for name in admin.list_topics() if not name.startswith("__")]


def groups(broker: KafkaBroker) -> set[str]:
    """Return the groups of consumers that a broker knows; none while it is still reading them."""
    with (
        closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin,
        suppress(CoordinatorLoadInProgressError, CoordinatorNotAvailableError),
    ):
        return {each["group_id"] for each in admin.list_groups()}
    return set()


def change(bootstrap: str, **settings: str) -> None:
    """Change the topic as a careless administrator would."""
    configs = {name.replace("_", "."): value for name, value in settings.items()}
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, configs)])


def status(process: ServiceProcess) -> GetStatusResponse:
    """Return how a service is doing, once it answers."""
    found: list[GetStatusResponse] = []

    def answers() -> bool:
        answer = status_of(process.name, process.address)
        found.extend([] if answer is None else [answer])
        return bool(found)

    wait_until(answers, 60, f"{process.name} answers")
    return found[-1]


def wait_for(process: ServiceProcess, reason: HaltReason, words: str) -> None:
    """Wait until a service takes nothing, for this reason, and says how to mend it."""
    wait_until(lambda: status(process).halt_reason == reason, 60, str(reason))
    found = status(process)
    assert words in found.halted
    assert "motcua topic fix" in found.halted
    assert not found.ready


def test_no_client_makes_a_topic(careless: KafkaBroker, tmp_path: Path) -> None:
    """Neither a service, with its consumer, its Faust and its relay, nor a command."""
    with ExitStack() as running:
        made = [
            running.enter_context(ServiceProcess(name, tmp_path / name, careless.bootstrap, TOPIC))
            for name in SERVICES
        ]
        for process in made:
            wait_for(process, HaltReason.HALT_REASON_TOPIC_MISSING, f"topic {TOPIC} is missing")
        joined = {f"motcua-{name}" for name in SERVICES}
        wait_until(lambda: groups(careless) >= joined, 60, "Faust has asked for the topic")
        assert topics(careless) == []
    for command in (("status",), ("topic", "check"), ("rebuild", "audit", "--check")):
        run(*command, bootstrap=careless.bootstrap, folder=tmp_path / "audit")
    assert topics(careless) == []


def run(*command: str, bootstrap: str, folder: Path) -> None:
    """Run `motcua`, whatever comes of it."""
    env = ServiceProcess("audit", folder, bootstrap, TOPIC).env
    subprocess.run([sys.executable, "-m", "cli.main", *command], env=env, timeout=120, check=False)


def test_a_topic_that_somebody_else_has_made(careless: KafkaBroker, tmp_path: Path) -> None:
    """It has one partition and deletes after seven days: not a position is noted in it. Mended, it
    is read without a restart."""
    with closing(KafkaAdminClient(bootstrap_servers=careless.bootstrap)) as admin:
        admin.create_topics({TOPIC: {"num_partitions": 1}}, wait_for_metadata=True)
    with ServiceProcess("audit", tmp_path / "audit", careless.bootstrap, TOPIC) as audit:
        differs = HaltReason.HALT_REASON_TOPIC_DIFFERS
        wait_for(audit, differs, "1 partitions, not 6; retention.ms=604800000, not -1")
        engine = create_engine(audit.url)
        with engine.connect() as connection:
            assert connection.execute(text("select count(*) from positions")).scalar() == 0
        engine.dispose()
        fix_topic(careless.bootstrap, events_topic(TOPIC))
        audit.wait_ready()


def test_a_topic_that_is_changed_under_a_service(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    """Commands are refused, in words and by a reason that a program knows, until it is mended."""
    ensure_topics(own_kafka.bootstrap, topics=[events_topic(TOPIC)])
    desk = ServiceProcess("intake", tmp_path / "desk", own_kafka.bootstrap, TOPIC)
    with desk, desk.channel() as channel:
        desk.wait_ready()
        stub = IntakeServiceStub(channel)
        stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
        desk.wait_published()
        change(own_kafka.bootstrap, retention_ms="604800000", cleanup_policy="compact")
        differs = HaltReason.HALT_REASON_TOPIC_DIFFERS
        wait_for(
            desk, differs, "retention.ms=604800000, not -1; cleanup.policy=compact, not delete"
        )
        with pytest.raises(grpc.RpcError) as refused:
            stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
        problem = explain(refused.value)
        assert (problem.code, problem.reason) == (grpc.StatusCode.UNAVAILABLE, "TOPIC_DIFFERS")
        fix_topic(own_kafka.bootstrap, events_topic(TOPIC))
        desk.wait_ready()
        stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
        desk.wait_published()
    assert len(log_of(own_kafka.bootstrap, TOPIC)) == 2


def test_the_advice_can_be_followed(tmp_path: Path) -> None:
    """`motcua up` refuses a changed topic and names a command that works while nothing runs; the
    status of a running stack shows such a topic, and the same command mends it.
    """
    stack = Stack(tmp_path / "stack")
    folder, port = stack.folder / "kafka", int(stack.env["KAFKA_PORT"])
    with KafkaBroker(folder, port) as broker:
        ensure_topics(broker.bootstrap)
        change(broker.bootstrap, retention_ms="604800000", cleanup_policy="compact")
    refused = stack.run("up", "--detach", timeout=120)
    assert refused.returncode == 1
    assert "retention.ms=604800000, not -1" in refused.stderr
    assert stack.run("topic", "check", timeout=120).returncode == 1
    _, _, advice = refused.stderr.strip().rpartition("to mend it: ")
    assert advice.startswith("motcua topic ")
    mended = stack.run(*advice.split()[1:], timeout=120)
    assert (mended.returncode, mended.stderr.splitlines()) == (
        0,
        [
            "nothing runs here: starting the stack's own broker for this command",
            "topic dossier.events: 6 partitions, kept for ever",
        ],
    )
    with stack:
        check_topics(stack.bootstrap, [events_topic()])
        change(stack.bootstrap, retention_ms="604800000")
        wait_until(lambda: not stack.status()["ready"], 60, "the status shows it")
        shown = stack.run("status")
        assert shown.returncode == 1
        assert "retention.ms=604800000" in " ".join(shown.stdout.split())
        assert stack.run("topic", "fix").returncode == 0
        stack.wait_ready()
        assert stack.run("status").returncode == 0
