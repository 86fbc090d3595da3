"""`motcua topic`: whether the topic of events is as it must be, and mending it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer

from cli.printer import err, failed
from cli.settings import settings
from cli.stack.addresses import running_stack
from cli.stack.own_broker import own_broker
from infra.kafka.jars import JarError
from infra.local.kafka import BrokerError
from infra.supervisor import state
from kernel.kafka.cluster import Cluster
from kernel.kafka.topics import Topic, TopicError, check_topics, events_topic, fix_topic

ANSWER_WITHIN = 5.0
"""Seconds that a cluster has to answer."""
app = typer.Typer(no_args_is_help=True, help="Check and mend the topic of events.")


@app.command()
def check() -> None:
    """Check the topic, and change nothing.

    Exit status 1 when it is not. Where no stack runs on the data folder, its own broker is started
    for as long as this takes.
    """
    with _topic() as (cluster, topic):
        check_topics(cluster, [topic], timeout=ANSWER_WITHIN)
        _say_right(topic)


@app.command()
def fix() -> None:
    """Make the topic as it must be.

    It is created, or its settings are set.

    Partitions are added only while it holds no record. Where no stack runs on the data folder, its
    own broker is started for as long as this takes.
    """
    with _topic() as (cluster, topic):
        fix_topic(cluster, topic, timeout=ANSWER_WITHIN)
        _say_right(topic)


def _say_right(topic: Topic) -> None:
    err.print(f"topic {topic.name}: {topic.partitions} partitions, kept for ever")


@contextmanager
def _topic() -> Iterator[tuple[Cluster, Topic]]:
    """Return the cluster and the topic of the running stack, else those of the environment."""
    try:
        with _place() as (servers, name):
            yield replace(settings().cluster, servers=servers), events_topic(name)
    except (state.AlreadyRunning, BrokerError, JarError, TopicError) as error:
        raise failed(str(error)) from error


@contextmanager
def _place() -> Iterator[tuple[str, str]]:
    given = settings()
    folder = given.data_dir.absolute()
    if kafka := running_stack(folder).get("kafka"):
        yield kafka["bootstrap"], kafka["topic"]
    elif given.kafka:
        yield given.kafka, given.topic
    elif not (folder / "kafka").is_dir():
        raise BrokerError(f"{folder} has no log yet: motcua up makes it")
    else:
        with own_broker() as servers:
            yield servers, given.topic
