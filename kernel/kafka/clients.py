"""Makes Kafka clients without leaking resources when no broker answers.

kafka-python's constructors leave a thread, a pipe and sockets behind when no broker answers; an
outage of an hour would use up the process's files.
"""

from __future__ import annotations

import gc
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.net.compat import KafkaNetClient


def make_producer(**config: Any) -> Any:
    """Return a producer; raise kafka-python's errors when no broker answers within its bootstrap
    timeout.
    """
    return _make(KafkaProducer, config)


def make_admin(**config: Any) -> Any:
    """Return an admin client; raise kafka-python's errors when no broker answers within its
    bootstrap timeout.
    """
    return _make(KafkaAdminClient, config)


def _make(kind: Any, config: dict[str, Any]) -> Any:
    clients: list[Any] = []

    def client(**settings: Any) -> Any:
        clients.append(KafkaNetClient(**settings))
        return clients[-1]

    try:
        return kind(kafka_client=client, **config)
    except BaseException:
        for made in clients:
            made.close()
        clients.clear()
        gc.collect()  # sockets of refused connections hang in cycles
        raise
