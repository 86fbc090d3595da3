"""The Kafka cluster, and how a client proves who it is: one value for all client libraries."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", "OAUTHBEARER"]


@dataclass(frozen=True)
class Cluster:
    """The addresses of a cluster, and what it wants to see of a client."""

    servers: str
    """HOST:PORT, with commas between."""
    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    token_file: Path | None = None
    ca: Path | None = None
    """The authorities whose certificates are believed; None: those of this machine."""
    cert: Path | None = None
    key: Path | None = None

    @property
    def sasl(self) -> bool:
        """Whether clients log in."""
        return self.protocol.startswith("SASL_")

    @property
    def by_token(self) -> bool:
        """Whether they log in by the token of a file."""
        return self.sasl and self.mechanism == "OAUTHBEARER"

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol.endswith("SSL")

    def tls_context(self) -> ssl.SSLContext | None:
        """Return a new context with the files as they are now, None without TLS; raise ``OSError``
        for files that can't be used.
        """
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert is not None:
            context.load_cert_chain(self.cert, self.key)
        return context

    def token(self) -> str:
        """Return the token that is in the file at this moment; raise ``OSError``."""
        assert self.token_file is not None
        return self.token_file.read_text("utf-8").strip()

    def options(self) -> dict[str, Any]:
        """Return the options that all libraries call the same, all but the provider of tokens."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": self.protocol,
        }
        if self.tls:
            found["ssl_context"] = self.tls_context()
        if self.sasl:
            found["sasl_mechanism"] = self.mechanism
        if self.sasl and not self.by_token:
            found |= {"sasl_plain_username": self.username, "sasl_plain_password": self.password}
        return found


Bootstrap = Cluster | str
"""A cluster, or the addresses of one that is open to everybody."""


def cluster_of(bootstrap: Bootstrap) -> Cluster:
    """Return the cluster that is meant."""
    return bootstrap if isinstance(bootstrap, Cluster) else Cluster(bootstrap)
