"""Whether files of certificates and keys can be used, found out when settings are read."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path


def check_authorities(file: Path) -> None:
    """Raise ``ValueError`` with the rule for a file that holds no certificates."""
    _usable(lambda: ssl.create_default_context(cafile=file), "certificates in PEM form")


def check_key(cert: Path, key: Path | None, variable: str) -> None:
    """Raise ``ValueError`` with the rule for a key that is not that of a certificate, whose
    variable is named.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _usable(lambda: context.load_cert_chain(cert, key), f"the key of {variable}")


def _usable(load: Callable[[], object], what: str) -> None:
    try:
        load()
    except OSError:
        raise ValueError(f"must be a file that can be read, with {what}") from None
