"""Makes kafka-python's clients without leaking resources when no broker answers.

kafka-python's constructors leave a thread, a pipe and sockets behind when no broker answers; an
outage of an hour would use up the process's files.
"""

from __future__ import annotations

import gc
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.net.compat import KafkaNetClient
from kafka.net.sasl.oauth import AbstractTokenProvider

from kernel.kafka.cluster import Bootstrap, Cluster, cluster_of


class _Tokens(AbstractTokenProvider):  # type: ignore[misc]
    """Hands over the token that is in a cluster's file."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def token(self) -> str:
        """Return the token of this moment."""
        return self._cluster.token()


def client_options(bootstrap: Bootstrap) -> dict[str, Any]:
    """Return the options with which a client of kafka-python finds a cluster and logs in."""
    cluster = cluster_of(bootstrap)
    options = cluster.options()
    if cluster.by_token:
        options["sasl_oauth_token_provider"] = _Tokens(cluster)
    return options


def make_producer(bootstrap: Bootstrap, **config: Any) -> Any:
    """Return a producer; raise kafka-python's errors when no broker answers within its bootstrap
    timeout.
    """
    return _make(KafkaProducer, client_options(bootstrap) | config)


def make_admin(bootstrap: Bootstrap, **config: Any) -> Any:
    """Return an admin client; raise kafka-python's errors when no broker answers within its
    bootstrap timeout.
    """
    return _make(KafkaAdminClient, client_options(bootstrap) | config)


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
