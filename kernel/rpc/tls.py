"""The TLS listener's credentials: a client must show a certificate, where an authority is named.

The files are checked at each new connection, so certificates are renewed without a restart.
"""

from __future__ import annotations

from pathlib import Path

import grpc

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.telemetry.logs import fault, get_logger

log = get_logger(__name__)


class TlsFiles:
    """The files of the certificate, its key, and the authority of client certificates, if any."""

    def __init__(self, cert: Path, key: Path, client_ca: Path | None = None) -> None:
        """Read the files; raise ``OSError``."""
        self._cert, self._key, self._client_ca = cert, key, client_ca
        files = (cert, key) if client_ca is None else (cert, key, client_ca)
        self._watcher = FileWatcher(
            lambda: stamp_of(*files),
            self._read,
            OSError,
            on_change=lambda _configuration: None,
            on_error=lambda error: log.error("rpc.certificate_unreadable", **fault(error)),
        )
        self._in_use = self._watcher.value()

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials that follow the files."""
        return grpc.dynamic_ssl_server_credentials(
            self._in_use,
            self._renewed,  # type: ignore[arg-type]  # None is allowed: no change
            require_client_authentication=self._client_ca is not None,
        )

    def _read(self) -> grpc.ServerCertificateConfiguration:
        pair = self._key.read_bytes(), self._cert.read_bytes()
        authorities = None if self._client_ca is None else self._client_ca.read_bytes()
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=authorities)

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return changed certificates, None without a change; gRPC calls it at each connection."""
        configuration = self._watcher.refresh()
        if configuration is self._in_use:
            return None
        self._in_use = configuration
        return configuration
