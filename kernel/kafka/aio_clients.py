"""What aiokafka's clients, Faust's among them, need to find a cluster, and why it refuses them."""

from __future__ import annotations

import ssl
from functools import partial
from typing import Any, Final

from aiokafka import client
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from kernel.kafka.cluster import Bootstrap, Cluster, cluster_of

_PROBE_MS: Final = 2_000
_WRONG_HOST: Final = (62, 64)
"""OpenSSL's codes for a certificate of another host name, or another address."""


class FileTokens(AbstractTokenProvider):  # type: ignore[misc]
    """Hands over the token that is in a cluster's file."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self._cluster = cluster

    async def token(self) -> str:
        """Return the token of this moment."""
        return self._cluster.token()


def aio_options(bootstrap: Bootstrap) -> dict[str, Any]:
    """Return the options with which a client of aiokafka finds a cluster and logs in."""
    cluster = cluster_of(bootstrap)
    options = cluster.options()
    if cluster.by_token:
        options["sasl_oauth_token_provider"] = FileTokens(cluster)
    return options


def never_create_topics() -> None:
    """Have all clients in this process ask for a topic without making it.

    A broker with ``auto.create.topics.enable`` makes a topic that a client asks for, with settings
    of its own: seven days' retention, one partition. aiokafka has no setting against that.
    """
    client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)


async def refusal(bootstrap: Bootstrap) -> str:
    """Return the setting by which no broker lets us in, with the rule; empty when that is not why
    there is no connection.
    """
    cluster = cluster_of(bootstrap)
    options = aio_options(cluster)
    for server in options.pop("bootstrap_servers"):
        host, _, port = server.rpartition(":")
        try:
            connection = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=_PROBE_MS, **options
            )
            try:
                await connection.send(MetadataRequest([]))
            finally:
                connection.close()
        except Exception as error:
            if found := _by_setting(cluster, error):
                return found
    return ""


def _by_setting(cluster: Cluster, error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError(verify_code=code) if code in _WRONG_HOST:
            return "KAFKA_BOOTSTRAP_SERVERS: the broker's certificate is for another host"
        case ssl.SSLCertVerificationError():
            return "KAFKA_SSL_CA: the broker's certificate is of another authority, or has expired"
        case ssl.SSLError() | ConnectionResetError() if cluster.tls:
            return "KAFKA_SECURITY_PROTOCOL: the broker may not speak TLS"
        case UnsupportedSaslMechanismError():
            return f"KAFKA_SASL_MECHANISM: the broker does not offer {cluster.mechanism}"
        case IllegalSaslStateError():
            return "KAFKA_SECURITY_PROTOCOL: the broker knows no login"
        case SaslAuthenticationFailed() if cluster.by_token:
            return "KAFKA_SASL_TOKEN_FILE: the broker refuses the token"
        case SaslAuthenticationFailed():
            return "KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: the broker refuses them"
        case OSError(filename=str() as name) if name == str(cluster.token_file):
            return "KAFKA_SASL_TOKEN_FILE: can't be read"
        case KafkaConnectionError() if cluster.tls and cluster.by_token:
            return "KAFKA_SASL_TOKEN_FILE: the broker refuses the token"
        case KafkaConnectionError() if cluster.tls:
            return "KAFKA_SSL_CERT: the broker may want a client certificate, or another one"
        case KafkaConnectionError():
            return (
                "KAFKA_SECURITY_PROTOCOL: the broker ended the connection: it may want TLS, a login"
            )
        case KafkaError():
            return (
                f"KAFKA_SECURITY_PROTOCOL: the broker refused the client ({type(error).__name__})"
            )
    return ""
