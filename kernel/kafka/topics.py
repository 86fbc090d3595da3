"""The topic of events as it must be: made, compared with what the cluster has, and mended.

Events are kept for ever and each stream stays in one partition. A topic that deletes, compacts or
has another number of partitions loses or disorders what was acknowledged, so services take nothing
from it, see ``kernel/kafka/topic_watch.py``. Nothing here makes a topic but ``ensure_topics`` and
``fix_topic``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import (
    KafkaError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)

from kernel.config.common_settings import EVENTS
from kernel.kafka.clients import make_admin
from kernel.kafka.cluster import Bootstrap, cluster_of

PARTITIONS: Final = 6
"""Chosen once: the events of a stream stay in the partition of its id for ever."""
KEPT: Final = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",  # with compaction only the last event of each stream would stay
    "unclean.leader.election.enable": "false",
}
"""The settings without which events are lost; a topic that differs is not used."""
MADE_WITH: Final = {"max.message.bytes": "1048576", "compression.type": "producer"}
"""What a new topic is given besides; an operator may change it."""
IN_SYNC: Final = "min.insync.replicas"
LEAST_IN_SYNC: Final = 2
"""Where there are several replicas, an event is acknowledged once this many have it. How many there
are is the cluster's own default: 3 on a real one.
"""
REQUEST_MS: Final = 5_000
WITHIN: Final = 15.0
MEND: Final = "motcua topic fix"
"""The command that an operator is advised to give."""


class TopicError(Exception):
    """A topic is missing or not as it must be, or the cluster does not answer; the message names
    the command that helps.
    """


@dataclass(frozen=True)
class Topic:
    """A topic as it must be; its settings are Kafka's, by their names, as text."""

    name: str = EVENTS
    partitions: int = PARTITIONS
    kept: Mapping[str, str] = field(default_factory=lambda: dict(KEPT))
    made_with: Mapping[str, str] = field(default_factory=lambda: dict(MADE_WITH))


@dataclass(frozen=True)
class Found:
    """A topic as the cluster has it."""

    replicas: Sequence[int]
    """How many replicas each partition has."""
    settings: Mapping[str, str]


def events_topic(name: str = EVENTS) -> Topic:
    """Return the topic of events as it must be, under the name given."""
    return Topic(name)


def differences(topic: Topic, found: Found) -> list[str]:
    """Return by what a topic differs from what it must be, one line each; none when it is right."""
    lines = []
    if len(found.replicas) != topic.partitions:
        lines.append(f"{len(found.replicas)} partitions, not {topic.partitions}")
    for name, value in topic.kept.items():
        if (actual := found.settings.get(name)) != value:
            lines.append(f"{name}={actual}, not {value}")
    least = int(found.settings.get(IN_SYNC, "1"))
    fewest, most = min(found.replicas, default=1), max(found.replicas, default=1)
    if least < LEAST_IN_SYNC <= most:
        lines.append(f"{IN_SYNC}={least}, not {LEAST_IN_SYNC}, with {most} replicas")
    if fewest < LEAST_IN_SYNC <= most:
        lines.append(f"a partition with {fewest} replica, others with {most}")
    return lines


def find(admin: Any, topic: Topic) -> Found | None:
    """Return a topic as the cluster has it, None when it has none; raise kafka-python's errors."""
    described = admin.describe_topics([topic.name])[0]
    if described["error_code"] == UnknownTopicOrPartitionError.errno:
        return None
    if described["error_code"]:
        raise for_code(described["error_code"])
    names = [*topic.kept, IN_SYNC]
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=names)
    answer = admin.describe_configs([resource], config_filter="all")["topic"][topic.name]
    settings = {name: str(entry["value"]) for name, entry in answer.items()}
    return Found([len(each["replica_nodes"]) for each in described["partitions"]], settings)


def wrong(topic: Topic, found: Found | None) -> str:
    """Return what is wrong with a topic and which command helps; empty when nothing is."""
    if found is None:
        return (
            f"topic {topic.name} is missing; if it has had events, see docs/operators.md, "
            f"'The topic'; to make a new one: {MEND}"
        )
    if not (lines := differences(topic, found)):
        return ""
    advice = f"to mend it: {MEND}"
    if len(found.replicas) != topic.partitions:
        advice += " while it has no records; else see docs/operators.md, 'The topic'"
    elif min(found.replicas) < LEAST_IN_SYNC <= max(found.replicas):
        advice += "; for the replicas see docs/operators.md, 'The topic'"
    return f"topic {topic.name} has {'; '.join(lines)}; {advice}"


def ensure_topics(
    bootstrap: Bootstrap, *, topics: Iterable[Topic] = (Topic(),), timeout: float = WITHIN
) -> None:
    """Make the topics that are missing, then check them all. Raise ``TopicError`` when one is not
    as it must be, or when no broker answers within ``timeout`` seconds.
    """
    wanted = list(topics)
    with _cluster(bootstrap, timeout) as admin:
        present = set(admin.list_topics())
        for topic in wanted:
            if topic.name not in present:
                _create(admin, topic)
        _require(admin, wanted)


def check_topics(bootstrap: Bootstrap, topics: Iterable[Topic], *, timeout: float = WITHIN) -> None:
    """Raise ``TopicError`` when a topic is missing or not as it must be, or no broker answers.
    Changes nothing.
    """
    with _cluster(bootstrap, timeout) as admin:
        _require(admin, topics)


def fix_topic(bootstrap: Bootstrap, topic: Topic, *, timeout: float = WITHIN) -> None:
    """Make a topic as it must be: create it, set its settings, add partitions while it holds no
    record: later the events of a stream would be spread over two. Raise ``TopicError`` for what
    cannot be mended.
    """
    with _cluster(bootstrap, timeout) as admin:
        if (found := find(admin, topic)) is None:
            _create(admin, topic)
            found = find(admin, topic)
        assert found is not None
        settings = dict(topic.kept)
        if max(found.replicas) >= LEAST_IN_SYNC:
            settings[IN_SYNC] = str(LEAST_IN_SYNC)
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.name, settings)])
        if len(found.replicas) < topic.partitions and _is_empty(admin, topic.name, found):
            admin.create_partitions({topic.name: topic.partitions})
            admin.wait_for_topics([topic.name])
        _require(admin, [topic])


@contextmanager
def _cluster(bootstrap: Bootstrap, timeout: float) -> Iterator[Any]:
    """Connect to a cluster; whatever it refuses becomes a ``TopicError``."""
    servers = cluster_of(bootstrap).servers
    try:
        admin = make_admin(
            bootstrap,
            bootstrap_timeout_ms=int(timeout * 1000),
            request_timeout_ms=REQUEST_MS,
        )
    except KafkaError as error:
        raise TopicError(f"no Kafka broker answers at {servers} ({type(error).__name__})") from None
    try:
        yield admin
    except KafkaError as error:
        raise TopicError(f"Kafka at {servers} refuses: {error}") from error
    finally:
        admin.close()


def _create(admin: Any, topic: Topic) -> None:
    configs = {**topic.kept, **topic.made_with}
    try:
        admin.create_topics({topic.name: {"num_partitions": topic.partitions, "configs": configs}})
    except TopicAlreadyExistsError:  # another process was quicker
        pass
    admin.wait_for_topics([topic.name])


def _require(admin: Any, topics: Iterable[Topic]) -> None:
    if lines := [line for topic in topics if (line := wrong(topic, find(admin, topic)))]:
        raise TopicError("; ".join(lines))


def _is_empty(admin: Any, name: str, found: Found) -> bool:
    wanted = {
        TopicPartition(name, number): OffsetSpec.LATEST for number in range(len(found.replicas))
    }
    return not any(end.offset for end in admin.list_partition_offsets(wanted).values())
