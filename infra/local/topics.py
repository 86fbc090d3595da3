"""Make the topics of infra/topics.toml, and report what is wrong with those that are there.

    python -m infra.local.topics --bootstrap HOST:PORT [--topic NAME] [--fix]

Nothing is changed on a topic that exists unless --fix is given, and the number of partitions of a
topic with records never is: the events of a stream would be spread over two partitions.
"""

import argparse
import logging
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

TOPICS_FILE = Path(__file__).resolve().parent.parent / "topics.toml"
EVENTS = "dossier.events"
REQUEST_TIMEOUT_MS = 15_000
BOOTSTRAP_TIMEOUT = 15.0


class TopicError(Exception):
    """A topic is missing or not as it must be, or the cluster does not answer; the message names
    the command that helps.
    """


@dataclass(frozen=True)
class Topic:
    """A topic as it must be. `config` holds Kafka's topic settings by their names, as text."""

    name: str
    partitions: int
    config: dict[str, str]

    def named(self, name: str) -> "Topic":
        """Return the same topic under another name."""
        return replace(self, name=name)


def load_topics(path: Path = TOPICS_FILE) -> list[Topic]:
    """Return the topics of a topics.toml, in its order."""
    tables = tomllib.loads(path.read_text("utf-8"))["topics"]
    return [
        Topic(
            name, table["partitions"], {key: str(value) for key, value in table["config"].items()}
        )
        for name, table in tables.items()
    ]


def events_topic(name: str = EVENTS) -> Topic:
    """Return the topic of the dossiers' events as it must be, under the name given."""
    return next(topic for topic in load_topics() if topic.name == EVENTS).named(name)


def ensure_topics(
    bootstrap: str,
    prefix: str = "",
    *,
    topics: Iterable[Topic] | None = None,
    timeout: float = BOOTSTRAP_TIMEOUT,
    options: Mapping[str, Any] | None = None,
) -> list[Topic]:
    """Make the topics that are missing, then check them all; returns them as named (prefix + name).

    topics: which ones, by default those of topics.toml; options: further ones of kafka-python's
    client, such as how it logs in. Raise TopicError when one is not as it
    must be, or when no broker answers within `timeout` seconds.
    """
    wanted = [topic.named(prefix + topic.name) for topic in (topics or load_topics())]
    with _admin(bootstrap, timeout, options) as admin:
        present = set(admin.list_topics())
        for topic in wanted:
            if topic.name not in present:
                _create(admin, topic)
        _raise_for(bootstrap, [line for topic in wanted for line in _differences(admin, topic)])
    return wanted


def check_topics(
    bootstrap: str, topics: Iterable[Topic], *, timeout: float = BOOTSTRAP_TIMEOUT
) -> None:
    """Raise TopicError when a topic is missing or not as it must be, or no broker answers. Changes
    nothing.
    """
    with _admin(bootstrap, timeout) as admin:
        _raise_for(bootstrap, [line for topic in topics for line in _differences(admin, topic)])


def fix_topic(bootstrap: str, topic: Topic, *, timeout: float = BOOTSTRAP_TIMEOUT) -> None:
    """Make a topic as it must be: create it, set its configuration, add partitions while it holds
    no record.

    Raise TopicError for what cannot be mended.
    """
    with _admin(bootstrap, timeout) as admin:
        if topic.name not in admin.list_topics():
            _create(admin, topic)
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(topic.config))]
        )
        count = _partition_count(admin, topic.name)
        if count < topic.partitions and _is_empty(bootstrap, topic.name, count):
            admin.create_partitions({topic.name: topic.partitions})
            admin.wait_for_topics([topic.name])
        _raise_for(bootstrap, _differences(admin, topic))


def _admin(
    bootstrap: str,
    timeout: float = BOOTSTRAP_TIMEOUT,
    options: Mapping[str, Any] | None = None,
) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(
            **{"bootstrap_servers": bootstrap.split(",")} | dict(options or {}),
            bootstrap_timeout_ms=int(timeout * 1000),
            request_timeout_ms=REQUEST_TIMEOUT_MS,
        )
    except KafkaError as error:
        raise TopicError(
            f"no Kafka broker answers at {bootstrap} ({type(error).__name__})"
        ) from None


def _create(admin: KafkaAdminClient, topic: Topic) -> None:
    try:
        admin.create_topics(
            {topic.name: {"num_partitions": topic.partitions, "configs": topic.config}}
        )
    except TopicAlreadyExistsError:  # another process was quicker
        pass
    except KafkaError as error:
        raise TopicError(f"cannot make the topic {topic.name}: {error}") from None
    admin.wait_for_topics([topic.name])


def _differences(admin: KafkaAdminClient, topic: Topic) -> list[str]:
    """Return what is wrong with a topic, one line each; [] when nothing is."""
    if topic.name not in admin.list_topics():
        return [f"topic {topic.name} is missing"]
    lines = []
    count = _partition_count(admin, topic.name)
    if count != topic.partitions:
        lines.append(f"topic {topic.name} has {count} partitions, not {topic.partitions}")
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    answer = admin.describe_configs([resource], config_filter="all")
    found: dict[str, dict[str, Any]] = answer["topic"][topic.name]
    for key, value in topic.config.items():
        actual = found.get(key, {}).get("value")
        if actual != value:
            lines.append(f"topic {topic.name} has {key}={actual}, not {value}")
    return lines


def _partition_count(admin: KafkaAdminClient, name: str) -> int:
    return len(admin.describe_topics([name])[0]["partitions"])


def _is_empty(bootstrap: str, name: str, count: int) -> bool:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap.split(","), group_id=None)
    try:
        return not any(
            consumer.end_offsets([TopicPartition(name, number) for number in range(count)]).values()
        )
    finally:
        consumer.close()


def _raise_for(bootstrap: str, lines: list[str]) -> None:
    if lines:
        name = lines[0].split()[1]
        raise TopicError(
            "; ".join(lines)
            + ". To mend it: "
            + f"python -m infra.local.topics --bootstrap {bootstrap} --topic {name} --fix"
        )


def main() -> int:
    """Return 0 when every topic is as it must be, else 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description="Make and check the topics")
    parser.add_argument("--bootstrap", required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--topic", default=EVENTS, help=f"name of the events topic (default {EVENTS})"
    )
    parser.add_argument(
        "--fix", action="store_true", help="set the configuration; add partitions to an empty topic"
    )
    parser.add_argument(
        "--timeout", type=float, default=BOOTSTRAP_TIMEOUT, help="seconds to wait for a broker"
    )
    arguments = parser.parse_args()
    logging.getLogger("kafka").setLevel(logging.ERROR)
    topic = events_topic(arguments.topic)
    try:
        if arguments.fix:
            fix_topic(arguments.bootstrap, topic, timeout=arguments.timeout)
        else:
            ensure_topics(arguments.bootstrap, topics=[topic], timeout=arguments.timeout)
    except TopicError as error:
        print(f"topics: {error}", file=sys.stderr)
        return 1
    print(f"topic {topic.name}: {topic.partitions} partitions, kept for ever")
    return 0


if __name__ == "__main__":
    sys.exit(main())
