"""A Kafka cluster of three brokers and a controller apart, so that each broker can be lost."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from tests.support.feed import wait_until

CLUSTER_ID: Final = "AAAAAAAAQACAAAAAAAAAAQ"
"""Of all nodes; no other cluster of this machine has these ports."""
_REPLICAS: Final = """\
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
replica.lag.time.max.ms=2000
unclean.leader.election.interval.ms=500
"""
_CONTROLLER: Final = """\
process.roles=controller
listeners=CONTROLLER://127.0.0.1:{port}
advertised.listeners=CONTROLLER://127.0.0.1:{port}
"""
_BROKER: Final = """\
process.roles=broker
node.id={number}
listeners=PLAINTEXT://127.0.0.1:{port}
"""


class _Controller(KafkaBroker):
    """The node that says who leads; clients do not speak to it."""

    def _wait_ready(self, deadline: float) -> None:
        wait_until(self._listens, deadline - time.monotonic(), "the controller listens")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class ThreeBrokers:
    """The running cluster; to be used from the thread that made it."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._controller = _Controller(
            folder / "controller",
            port,
            controller_port=port,
            properties=_CONTROLLER.format(port=port) + _REPLICAS,
        )
        self.brokers = [self._broker(folder, number, port) for number in (2, 3, 4)]
        for node in (self._controller, *self.brokers):
            node.data_dir.mkdir(parents=True)
            (node.data_dir / "cluster.id").write_text(CLUSTER_ID, "ascii")

    @staticmethod
    def _broker(folder: Path, number: int, controller: int) -> KafkaBroker:
        port = free_port()
        lines = _BROKER.format(number=number, port=port) + _REPLICAS
        return KafkaBroker(
            folder / f"broker-{number}", port, controller_port=controller, properties=lines
        )

    @property
    def bootstrap(self) -> str:
        """Return the addresses of all brokers."""
        return ",".join(broker.bootstrap for broker in self.brokers)

    def start(self) -> None:
        """Start the controller, then the brokers."""
        for node in (self._controller, *self.brokers):
            node.start()

    def kill(self) -> None:
        """End all nodes."""
        for node in (*self.brokers, self._controller):
            node.kill()

    def partitions(self, topic: str) -> list[dict[str, Any]]:
        """Return the partitions of a topic; none while the client asks a broker that is dead."""
        alive = [broker.bootstrap for broker in self.brokers if broker.pid is not None]
        try:
            with closing(KafkaAdminClient(bootstrap_servers=alive)) as admin:
                found: list[dict[str, Any]] = admin.describe_topics([topic])[0]["partitions"]
        except KafkaError:
            return []
        return found

    def in_sync(self, topic: str) -> set[int]:
        """Return in how many replicas each record is that a broker acknowledges."""
        return {len(each["isr_nodes"]) for each in self.partitions(topic)}


@contextmanager
def three_brokers(folder: Path) -> Iterator[ThreeBrokers]:
    """Run the cluster with its data in a folder."""
    cluster = ThreeBrokers(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()
