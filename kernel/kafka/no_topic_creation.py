"""Has aiokafka ask for a topic without making it.

A broker with ``auto.create.topics.enable`` makes a topic that a client asks for, with settings of
its own: seven days' retention, one partition. aiokafka has no setting against that.
"""

from __future__ import annotations

from functools import partial

from aiokafka import client
from aiokafka.protocol.metadata import MetadataRequest


def never_create_topics() -> None:
    """Have all of aiokafka's clients in this process, Faust's among them, ask like that."""
    client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)
