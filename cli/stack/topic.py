"""`motcua topic`: whether the topic of events is as it must be, and mending it."""

from __future__ import annotations

import typer

from cli.printer import err
from cli.stack.topic_at_hand import topic_at_hand
from kernel.kafka.topics import Topic, check_topics, fix_topic

ANSWER_WITHIN = 5.0
"""Seconds that a cluster has to answer."""
app = typer.Typer(no_args_is_help=True, help="Check and mend the topic of events.")


@app.command()
def check() -> None:
    """Check the topic, and change nothing.

    Exit status 1 when it is not. Where no stack runs on the data folder, its own broker is started
    for as long as this takes.
    """
    with topic_at_hand() as (cluster, topic):
        check_topics(cluster, [topic], timeout=ANSWER_WITHIN)
        _say_right(topic)


@app.command()
def fix() -> None:
    """Make the topic as it must be.

    It is created, or its settings are set.

    Partitions are added only while it holds no record. Where no stack runs on the data folder, its
    own broker is started for as long as this takes.
    """
    with topic_at_hand() as (cluster, topic):
        fix_topic(cluster, topic, timeout=ANSWER_WITHIN)
        _say_right(topic)


def _say_right(topic: Topic) -> None:
    err.print(f"topic {topic.name}: {topic.partitions} partitions, kept for ever")
