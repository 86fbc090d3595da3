"""The topic of events that a command works on, whether a stack runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from kafka.errors import KafkaError

from cli.printer import failed
from cli.settings import settings
from cli.stack.addresses import kafka_away, running_stack
from cli.stack.own_broker import own_broker
from infra.kafka.jars import JarError
from infra.local.kafka import BrokerError
from infra.supervisor import state
from kernel.consumer.reading.log_reader import LogDamaged, LogUnavailable
from kernel.kafka.cluster import Cluster
from kernel.kafka.topics import Topic, TopicError, events_topic


@contextmanager
def topic_at_hand(*, new: bool = False) -> Iterator[tuple[Cluster, Topic]]:
    """Yield the cluster and the topic of the running stack, else those of the environment.

    Where no stack runs on the data folder, and the environment names no cluster, the folder's own
    broker runs during the block; only when it is to be ``new`` may the folder have none yet. End
    the command when there is no cluster, or it does not answer during the block.
    """
    try:
        with _place(new=new) as (servers, name):
            cluster = replace(settings().cluster, servers=servers)
            try:
                yield cluster, events_topic(name)
            except LogDamaged as error:
                raise failed(f"{error}. `motcua log check` says what can be done") from error
            except (LogUnavailable, KafkaError) as error:
                raise failed(kafka_away(cluster)) from error
    except (state.AlreadyRunning, BrokerError, JarError, TopicError) as error:
        raise failed(str(error)) from error


@contextmanager
def _place(*, new: bool) -> Iterator[tuple[str, str]]:
    given = settings()
    folder = given.data_dir.absolute()
    if kafka := running_stack(folder).get("kafka"):
        yield kafka["bootstrap"], kafka["topic"]
    elif given.kafka:
        yield given.kafka, given.topic
    elif not new and not (folder / "kafka").is_dir():
        raise BrokerError(f"{folder} has no log yet: motcua up makes it")
    else:
        with own_broker(new=new) as servers:
            yield servers, given.topic
