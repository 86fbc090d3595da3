"""The settings of a program that calls services."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from kernel.config.common_settings import CommonSettings
from kernel.config.environment import SettingsError
from kernel.config.loopback import clear_host, is_loopback
from kernel.config.tls_files import check_authorities, check_key


class Target(NamedTuple):
    """Where a service is called, and how."""

    address: str
    """HOST:PORT."""
    tls: bool


class ClientSettings(CommonSettings):
    """How services are called; a field ``<name>_port`` and ``<name>_tls_port`` for each."""

    tls_ca: Path | None = Field(None, validation_alias="MOTCUA_TLS_CA")
    """The authorities of the services' certificates; None: those of this machine."""
    tls_own_cert: Path | None = Field(None, validation_alias="MOTCUA_TLS_OWN_CERT")
    tls_own_key: Path | None = Field(
        None, validation_alias="MOTCUA_TLS_OWN_KEY", validate_default=True
    )

    @field_validator("tls_ca")
    @classmethod
    def _holds_authorities(cls, file: Path | None) -> Path | None:
        if file is not None:
            check_authorities(file)
        return file

    @field_validator("tls_own_key")
    @classmethod
    def _fits_certificate(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        cert = others.data.get("tls_own_cert")
        if (file is None) != (cert is None):
            raise ValueError("must be set together with MOTCUA_TLS_OWN_CERT")
        if cert is not None:
            check_key(cert, file, "MOTCUA_TLS_OWN_CERT")
        return file

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
