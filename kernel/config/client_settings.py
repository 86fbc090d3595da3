"""The settings of a program that calls services."""

from __future__ import annotations

from typing import NamedTuple

from kernel.config.client_tls_settings import ClientTlsSettings
from kernel.config.common_settings import CommonSettings
from kernel.config.environment import SettingsError
from kernel.config.loopback import clear_host, is_loopback


class Target(NamedTuple):
    """Where a service is called, and how."""

    address: str
    """HOST:PORT."""
    tls: bool


class ClientSettings(ClientTlsSettings, CommonSettings):
    """How services are called; a field ``<name>_port`` and ``<name>_tls_port`` for each."""

    def address(self, service: str) -> str:
        """Return HOST:PORT at which a service listens in the clear."""
        host = clear_host(self.host, tls=bool(self.tls_port(service)))
        return f"{host}:{getattr(self, f'{service}_port')}"

    def tls_port(self, service: str) -> int:
        """Return the port at which a service speaks TLS; 0 when it does not."""
        port: int = getattr(self, f"{service}_tls_port")
        return port

    def target(self, service: str) -> Target:
        """Return how a service is called that runs elsewhere.

        Raise ``SettingsError`` in production for one that would be called in the clear.
        """
        if port := self.tls_port(service):
            return Target(f"{self.host}:{port}", tls=True)
        if self.mode == "production" and not is_loopback(self.host):
            rule = f"must be set in production, since {self.host} is not this machine"
            raise SettingsError({f"{service.upper()}_TLS_PORT": rule})
        return Target(self.address(service), tls=False)
