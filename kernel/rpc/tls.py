"""The TLS listener's credentials: a client must show a certificate of the clients' authority.

The files are checked at each new connection, so certificates are renewed without a restart.
"""

from __future__ import annotations

from pathlib import Path

import grpc

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.telemetry.logs import fault, get_logger

log = get_logger(__name__)


class TlsFiles:
    """The files of the certificate, its key, and the authority of client certificates."""

    def __init__(self, cert: Path, key: Path, client_ca: Path) -> None:
        """Read the files; raise ``OSError``."""
        self._files = (cert, key, client_ca)
        self._watcher = FileWatcher(
            lambda: stamp_of(*self._files),
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
            require_client_authentication=True,
        )

    def _read(self) -> grpc.ServerCertificateConfiguration:
        cert, key, client_ca = (path.read_bytes() for path in self._files)
        return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=client_ca)

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Return changed certificates, None without a change; gRPC calls it at each connection."""
        configuration = self._watcher.refresh()
        if configuration is self._in_use:
            return None
        self._in_use = configuration
        return configuration
