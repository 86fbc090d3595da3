"""Fault 82: Kafka lets nobody in who does not log in, or is not the cluster that we know."""

from __future__ import annotations

import itertools
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from kernel.consumer.reading.kafka_reader import KafkaReader
from kernel.consumer.reading.log_reader import LogUnavailable
from kernel.kafka.broker_clock import broker_time
from kernel.kafka.cluster import Cluster, Mechanism
from tests.support.certificates import Authority
from tests.support.feed import code_of, put, supplement, wait_until
from tests.support.secured_kafka import MECHANISMS, TOPIC, SecuredKafka, secured_kafka
from tests.support.tally import KERNEL, Node

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def secured(session_dir: Path) -> Iterator[SecuredKafka]:
    """One broker with a login for this module."""
    with secured_kafka(session_dir / "kafka-with-login") as found:
        yield found


class TlsListener(socketserver.ThreadingTCPServer):
    """Makes TLS connections, and says nothing on them."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address, socketserver.BaseRequestHandler)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *error: Any) -> None:
        self.shutdown()
        super().__exit__(*error)


def works(cluster: Cluster, secured: SecuredKafka, url: str, code: str) -> None:
    """Check that all three libraries come in: what is put on the log meets its reaction, and that
    is published.
    """
    with Node(cluster, TOPIC, url) as node:
        wait_until(lambda: node.is_ready() and bool(node.consumer.buffer.assigned), seconds=40)
        numbers = itertools.count(1)

        def delivered_by_faust() -> bool:
            put(secured.broker.bootstrap, TOPIC, [supplement(code, next(numbers))])
            return node.consumer.status().live > 0

        wait_until(delivered_by_faust, seconds=40)
        wait_until(lambda: bool(node.rows(KERNEL.events)) and not node.rows(KERNEL.outbox))
    assert broker_time(cluster) > 0


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_client_logs_in(secured: SecuredKafka, mechanism: Mechanism, tmp_path: Path) -> None:
    """By each mechanism, over TLS, from one set of settings."""
    database = f"sqlite:///{tmp_path}/db"
    code = code_of(820 + MECHANISMS.index(mechanism))
    works(secured.cluster(mechanism), secured, database, code)


def test_a_certificate_is_enough_where_the_broker_says_so(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    """TLS of both sides, without a login."""
    database = f"sqlite:///{tmp_path}/db"
    works(secured.with_certificate(), secured, database, code_of(829))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "wrong password": (
        {"password": "another"},
        "KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: the broker refuses them",
    ),
    "unknown user": (
        {"username": "nobody"},
        "KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD: the broker refuses them",
    ),
    "unknown authority": (
        {"ca": Path("other-ca.pem")},
        "KAFKA_SSL_CA: the broker's certificate is of another authority, or has expired",
    ),
    "no login": (
        {"protocol": "SSL"},
        "KAFKA_SSL_CERT: the broker may want a client certificate, or another one",
    ),
    "in the clear": (
        {"protocol": "PLAINTEXT"},
        "KAFKA_SECURITY_PROTOCOL: the broker ended the connection: it may want TLS, a login",
    ),
    "login in the clear": (
        {"protocol": "SASL_PLAINTEXT"},
        "KAFKA_SECURITY_PROTOCOL: the broker ended the connection: it may want TLS, a login",
    ),
    "wrong token": (
        {"mechanism": "OAUTHBEARER", "token_file": Path("other-token")},
        "KAFKA_SASL_TOKEN_FILE: the broker refuses the token",
    ),
    "no token": (
        {"mechanism": "OAUTHBEARER", "token_file": Path("missing")},
        "KAFKA_SASL_TOKEN_FILE: can't be read",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_is_refused_reads_which_setting_is_wrong(
    secured: SecuredKafka, case: str, tmp_path: Path
) -> None:
    """With the rule, not as a broker that is away."""
    (tmp_path / "other-ca.pem").write_bytes(Authority("somebody").pem)
    (tmp_path / "other-token").write_text("e30.e30.")
    changes, text = REFUSED[case]
    files = {name: tmp_path / value for name, value in changes.items() if isinstance(value, Path)}
    with pytest.raises(LogUnavailable) as refused:
        KafkaReader(replace(secured.cluster(), **changes | files), TOPIC)
    assert str(refused.value) == text


def test_a_listener_without_tls_is_named(secured: SecuredKafka) -> None:
    """Whoever wants TLS of a listener in the clear reads that."""
    with pytest.raises(LogUnavailable, match=r"^KAFKA_SECURITY_PROTOCOL: .* may not speak TLS$"):
        KafkaReader(replace(secured.cluster(), servers=secured.broker.bootstrap), TOPIC)


def test_an_address_that_is_not_in_the_certificate_is_named(secured: SecuredKafka) -> None:
    """However good the authority is: whoever has any certificate of it could be the broker."""
    cert, key = secured.authority.issue("another host")
    (secured.folder / "other.pem").write_bytes(key + cert)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(secured.folder / "other.pem")
    with TlsListener(("127.0.0.1", 0), context) as other:
        servers = f"127.0.0.1:{other.server_address[1]}"
        with pytest.raises(LogUnavailable, match=r"^KAFKA_BOOTSTRAP_SERVERS: .* another host$"):
            KafkaReader(replace(secured.cluster(), servers=servers), TOPIC)


def test_a_service_with_a_wrong_password_waits_and_says_so(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    """It reads nothing and publishes nothing, and its log names the settings."""
    wrong = replace(secured.cluster(), password="another")
    with capture_logs() as lines, Node(wrong, TOPIC, f"sqlite:///{tmp_path}/db") as node:
        # The first time the broker may be too slow for the question why.
        words = REFUSED["wrong password"][1]
        away = "consumer.log_away"
        wait_until(lambda: any(e["event"] == away and e["fault"] == words for e in lines), 120)
        assert not node.is_ready()


def test_a_token_that_is_renewed_is_used_without_a_restart(secured: SecuredKafka) -> None:
    """Each connection takes the token that is in the file then."""
    token = secured.folder / "token"
    token.write_text("e30.e30.")
    try:
        with pytest.raises(LogUnavailable):
            KafkaReader(secured.cluster("OAUTHBEARER"), TOPIC)
    finally:
        secured.renew_token()
    with closing(KafkaReader(secured.cluster("OAUTHBEARER"), TOPIC)) as reader:
        assert reader.partitions() == list(range(6))
