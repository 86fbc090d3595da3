"""Fault 95: an unclean leader election on three brokers loses the log's last records, though two of
the brokers had acknowledged them.

The third broker was away meanwhile. The other two fail, and an administrator who wants to go on has
the third one elected: what it lacks is gone, and the other two cut it off when they come back.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from tests.support.feed import log_of, wait_until
from tests.support.log_repairs import PATIENCE, Office
from tests.support.stack import Stack, running
from tests.support.three_brokers import ThreeBrokers, three_brokers

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ThreeBrokers]:
    """Three brokers, without a topic of events."""
    with three_brokers(tmp_path / "cluster") as made:
        yield made


@pytest.fixture
def office(cluster: ThreeBrokers, tmp_path: Path) -> Iterator[Office]:
    """A stack on the three brokers, which has made its topic there, with some dossiers."""
    with running(tmp_path, settings={"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap}) as stack:
        made = Office(stack)
        made.submit(4)
        yield made


def test_fault_95_the_lost_tail_is_given_back(office: Office, cluster: ThreeBrokers) -> None:
    """Services halt at once, for the setting and for the loss; after the repair by two persons no
    dossier that a citizen has a code for is lost or doubled.
    """
    stack, (first, second, behind) = office.stack, cluster.brokers
    behind.kill()
    wait_until(lambda: cluster.in_sync(stack.topic) == {2}, PATIENCE, "two replicas are in sync")
    office.submit(6)
    _hand_in_unheard_by_audit(office, 3)
    acknowledged = log_of(stack.bootstrap, stack.topic)
    first.kill()
    second.kill()
    office.hand_in(2)
    behind.start()
    _allow_unclean_elections(cluster, stack.topic)
    words = "unclean.leader.election.enable=true, not false"
    wait_until(lambda: all(words in row["halted"] for row in office.rows()), PATIENCE, words)
    first.start()
    second.start()
    wait_until(lambda: cluster.in_sync(stack.topic) == {3}, PATIENCE, "all replicas are in sync")
    kept = {event.event_id for event in log_of(stack.bootstrap, stack.topic)}
    assert kept < {event.event_id for event in acknowledged}
    assert stack.run("topic", "fix").returncode == 0
    office.wait_refused()
    assert stack.run("log", "check").returncode == 1
    found = office.plan()
    assert found["to_write"] >= len(acknowledged) - len(kept)
    assert office.repair(plan=found["plan"])["written"] == found["to_write"]
    office.check()
    again = {event.event_id: event for event in log_of(stack.bootstrap, stack.topic)}
    assert [again[event.event_id] for event in acknowledged] == acknowledged


def _hand_in_unheard_by_audit(office: Office, count: int) -> None:
    """Hand in dossiers which the brokers acknowledge while audit is stopped."""
    pid = office.stack.pid("audit")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        office.hand_in(count)
        wait_until(lambda: _published(office.stack), PATIENCE, "all is acknowledged")
    finally:
        os.kill(pid, signal.SIGCONT)


def _published(stack: Stack) -> bool:
    rows = [row for row in stack.status()["services"] if row["name"] != "audit"]
    return all(row.get("outbox") == 0 and row["lag"] == 0 for row in rows)


def _allow_unclean_elections(cluster: ThreeBrokers, topic: str) -> None:
    """Set what makes the one broker that is left the leader, with what it has."""
    resource = ConfigResource(
        ConfigResourceType.TOPIC, topic, {"unclean.leader.election.enable": "true"}
    )
    with closing(KafkaAdminClient(bootstrap_servers=cluster.bootstrap.split(","))) as admin:
        admin.alter_configs([resource])
    wait_until(lambda: cluster.in_sync(topic) == {1}, PATIENCE, "the third broker leads")
