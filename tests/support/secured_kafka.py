"""A real broker that lets in who logs in over TLS, or shows a certificate."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, get_args

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.kafka.cluster import Cluster, Mechanism
from kernel.kafka.topics import ensure_topics, events_topic
from tests.support.certificates import Authority

USER: Final = "office"
PASSWORD: Final = "a long password"
TOPIC: Final = "secured.events"
MECHANISMS: Final[tuple[Mechanism, ...]] = get_args(Mechanism)
_JAAS: Final = {
    "scram-sha-256": "scram.ScramLoginModule required;",
    "scram-sha-512": "scram.ScramLoginModule required;",
    "plain": f'plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
    "oauthbearer": "oauthbearer.OAuthBearerLoginModule required "
    f'unsecuredLoginStringClaim_sub="{USER}";',
}
_PROPERTIES: Final = """\
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},\
LOGIN://127.0.0.1:{login},CERTS://127.0.0.1:{certs}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},LOGIN://127.0.0.1:{login},CERTS://127.0.0.1:{certs}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,CERTS:SSL
listener.name.login.sasl.enabled.mechanisms={mechanisms}
listener.name.certs.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={authority}
"""


@dataclass(frozen=True)
class SecuredKafka:
    """The broker's three listeners, and who may come in."""

    broker: KafkaBroker
    login: str
    certs: str
    authority: Authority
    folder: Path

    def cluster(self, mechanism: Mechanism = "SCRAM-SHA-512") -> Cluster:
        """Return how a client logs in by a mechanism."""
        return Cluster(
            self.login,
            "SASL_SSL",
            mechanism,
            USER,
            PASSWORD,
            self.folder / "token",
            ca=self.folder / "ca.pem",
        )

    def with_certificate(self) -> Cluster:
        """Return how a client comes in by a certificate alone."""
        return replace(
            self.cluster(),
            servers=self.certs,
            protocol="SSL",
            cert=self.folder / "client.pem",
            key=self.folder / "client.key",
        )

    def renew_token(self) -> None:
        """Write another token for an hour, such as only brokers of tests believe."""
        now = int(time.time())
        parts = ({"alg": "none"}, {"sub": USER, "iat": now, "exp": now + 3600})
        encoded = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
        ]
        (self.folder / "token").write_bytes(b".".join(encoded) + b".\n")


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """Run such a broker, with its topic."""
    folder.mkdir()
    authority = Authority()
    cert, key = authority.issue("broker", server=True)
    (folder / "broker.pem").write_bytes(key + cert)
    (folder / "ca.pem").write_bytes(authority.pem)
    for name, content in zip(("client.pem", "client.key"), authority.issue("client"), strict=True):
        (folder / name).write_bytes(content)
    port, controller, login, certs = (free_port() for _ in range(4))
    properties = _PROPERTIES.format(
        port=port,
        controller=controller,
        login=login,
        certs=certs,
        mechanisms=",".join(MECHANISMS),
        keystore=folder / "broker.pem",
        authority=folder / "ca.pem",
    )
    for name, module in _JAAS.items():
        module = f"org.apache.kafka.common.security.{module}"
        properties += f"listener.name.login.{name}.sasl.jaas.config={module}\n"
    broker = KafkaBroker(folder / "data", port, controller_port=controller, properties=properties)
    with broker:
        ensure_topics(broker.bootstrap, topics=[events_topic(TOPIC)])
        _add_users(broker)
        found = SecuredKafka(broker, f"127.0.0.1:{login}", f"127.0.0.1:{certs}", authority, folder)
        found.renew_token()
        yield found


def _add_users(broker: KafkaBroker) -> None:
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            user = UserScramCredentialUpsertion(USER, mechanism, PASSWORD)
            assert admin.alter_user_scram_credentials([user]) == {USER: None}
