"""The TLS listener's credentials: a client must show a certificate of the partners' authority.

The files are looked at again at each new connection, so certificates are renewed without a restart.
"""

from __future__ import annotations

from pathlib import Path

import grpc

from kernel.base.file_watcher import FileWatcher, stamp_of
from kernel.telemetry.logs import fault, get_logger

log = get_logger(__name__)


class TlsFiles:
    """The certificate, its key, and the authority of client certificates, as files."""

    def __init__(self, cert: Path, key: Path, client_ca: Path) -> None:
        """Read them; raise ``OSError``."""
        self._files = (cert, key, client_ca)
        self._watched = FileWatcher(
            lambda: stamp_of(*self._files),
            self._read,
            OSError,
            changed=lambda configuration: None,
            refused=lambda error: log.error("rpc.certificate_unreadable", **fault(error)),
        )
        self._given = self._watched.now()

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials that follow the files."""
        return grpc.dynamic_ssl_server_credentials(
            self._given,
            self._renewed,  # type: ignore[arg-type]  # None is allowed: no change
            require_client_authentication=True,
        )

    def _read(self) -> grpc.ServerCertificateConfiguration:
        cert, key, client_ca = (path.read_bytes() for path in self._files)
        return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=client_ca)

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at each connection; None keeps what is in use."""
        configuration = self._watched.look()
        if configuration is self._given:
            return None
        self._given = configuration
        return configuration
