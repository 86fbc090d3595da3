"""Which addresses nobody but this machine can reach."""

from __future__ import annotations

import ipaddress
from typing import Final

LOOPBACK: Final = "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, by its name or address; a path is a socket of
    this machine.
    """
    name = host.strip("[]").lower()
    if name in ("", "localhost") or name.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def are_loopback(servers: str) -> bool:
    """Return whether all of HOST:PORT, with commas between, are this machine itself."""
    return all(is_loopback(server.strip().rpartition(":")[0]) for server in servers.split(","))


def clear_host(host: str, *, tls: bool) -> str:
    """Return where a service listens in the clear: where it is told, except that beside a listener
    with TLS only this machine can reach it.
    """
    return LOOPBACK if tls and not is_loopback(host) else host
