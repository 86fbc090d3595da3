"""The TLS listener's credentials: a client must show a certificate of the partners' authority.

The files are looked at again at each new connection, so certificates are renewed without a restart.
"""

from __future__ import annotations

from pathlib import Path

import grpc

from services.kernel.logs import fault, get_logger

log = get_logger(__name__)


class TlsFiles:
    """The certificate, its key, and the authority of client certificates, as files."""

    def __init__(self, cert: Path, key: Path, client_ca: Path) -> None:
        self._files = (cert, key, client_ca)
        self._stamp = self._stamps()

    def credentials(self) -> grpc.ServerCredentials:
        """Give credentials that follow the files; raises ``OSError`` when one can't be read now."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._renewed,  # type: ignore[arg-type]  # None is allowed: no change
            require_client_authentication=True,
        )

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        cert, key, client_ca = (path.read_bytes() for path in self._files)
        return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=client_ca)

    def _stamps(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns for path in self._files)

    def _renewed(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by gRPC at each connection; None keeps what is in use."""
        try:
            stamp = self._stamps()
            if stamp == self._stamp:
                return None
            configuration = self._configuration()
        except OSError as error:
            log.error("rpc.certificate_unreadable", **fault(error))
            return None
        self._stamp = stamp
        return configuration
