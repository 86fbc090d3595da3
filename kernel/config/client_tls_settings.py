"""The settings by which services are called over TLS."""

from __future__ import annotations

from pathlib import Path

import grpc
from pydantic import Field, ValidationInfo, field_validator

from kernel.config.environment import Environment
from kernel.config.tls_files import check_authorities, check_key


class ClientTlsSettings(Environment):
    """Whose certificates are believed, and which one is shown."""

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

    def client_credentials(self) -> grpc.ChannelCredentials:
        """Return the credentials of a client, from the files as they are now."""
        files = (self.tls_ca, self.tls_own_key, self.tls_own_cert)
        authorities, key, cert = (None if file is None else file.read_bytes() for file in files)
        return grpc.ssl_channel_credentials(authorities, key, cert)
