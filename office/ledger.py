"""Asks audit what it has recorded of the log, and signed."""

from __future__ import annotations

import threading
from typing import Final

import grpc
from motcua.audit.v1.audit_pb2 import GetCheckpointRequest
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from pydantic import Field, field_validator

from kernel.config.client_tls_settings import ClientTlsSettings
from kernel.config.common_settings import CommonSettings
from kernel.config.loopback import is_loopback
from kernel.ledger.ledger_watch import Heads, LedgerHead, LedgerSource

TIMEOUT: Final = 5.0
_OPTIONS: Final = (
    # A channel of its own: a shared one would hold back after another's failure.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class LedgerSettings(ClientTlsSettings, CommonSettings):
    """Where audit is, whose ledger watches over a service's log."""

    audit_address: str = Field("", validation_alias="AUDIT_ADDRESS")
    """HOST:PORT; empty where the log is not compared with the ledger."""
    ledger_stale_seconds: float = Field(3_600, gt=0, validation_alias="MOTCUA_LEDGER_STALE_SECONDS")

    @field_validator("audit_address")
    @classmethod
    def _host_and_port(cls, text: str) -> str:
        host, _, port = text.rpartition(":")
        if text and not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"must be HOST:PORT, got {text!r}")
        return text

    def ledger(self, *, refuses: bool = False) -> LedgerSource | None:
        """Return the ledger, None where none is named; ``refuses`` as in ``LedgerSource``."""
        if not self.audit_address:
            return None
        where = f"audit at {self.audit_address}"
        return LedgerSource(where, AuditClient(self).heads, self.ledger_stale_seconds, refuses)

    def channel_to_audit(self) -> grpc.Channel:
        """Return a new channel: over TLS if audit is elsewhere; in development only where it is
        said whose certificates are believed.
        """
        elsewhere = not is_loopback(self.audit_address.rpartition(":")[0])
        if elsewhere and (self.mode == "production" or self.tls_ca is not None):
            return grpc.secure_channel(self.audit_address, self.client_credentials(), _OPTIONS)
        return grpc.insecure_channel(self.audit_address, _OPTIONS)


class AuditClient:
    """Keeps one channel, and makes another one after a failure: certificates may be new."""

    def __init__(self, settings: LedgerSettings) -> None:
        self._settings = settings
        self._channel: grpc.Channel | None = None
        self._lock = threading.Lock()

    def heads(self) -> Heads:
        """Return what audit has recorded and signed; raise ``grpc.RpcError``. Checkpoints are
        public, so no token is shown.
        """
        with self._lock:
            if self._channel is None:
                self._channel = self._settings.channel_to_audit()
            try:
                answer = AuditServiceStub(self._channel).GetCheckpoint(
                    GetCheckpointRequest(), timeout=TIMEOUT
                )
            except grpc.RpcError:
                self._channel.close()
                self._channel = None
                raise
        signed = {each.partition: each.size for each in answer.checkpoints}
        return {
            each.partition: LedgerHead(each.size, each.last_leaf, signed.get(each.partition, 0))
            for each in answer.recorded
        }
