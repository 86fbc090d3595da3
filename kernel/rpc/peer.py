"""The network address of a caller, as far as it is known."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import unquote

from kernel.rpc.method import Context

FORWARDED: Final = "x-forwarded-for"
_PREFIX: Final = 64


def address_of(context: Context) -> str:
    """Return the address of a caller; of an IPv6 address the network that one customer has.

    A gateway on this host names whom it calls for in ``x-forwarded-for``, last; from anywhere else
    that header is not believed.
    """
    headers = dict(context.invocation_metadata() or ())
    named = headers.get(FORWARDED, "")
    return _caller(_address(context.peer()), named if isinstance(named, str) else "")


def caller_address(peer: str, forwarded: str) -> str:
    """Return the same of an HTTP client: ``peer`` is its address, ``forwarded`` the header."""
    return _caller(_parsed(peer), forwarded)


def _caller(peer: _Address | None, forwarded: str) -> str:
    if peer is not None and not peer.is_loopback:
        return _text(peer)
    named = _parsed(forwarded.rpartition(",")[2].strip())
    return _text(named or peer) if named or peer else ""


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(peer: str) -> _Address | None:
    """Return the address in gRPC's ``ipv4:127.0.0.1:5000`` or ``ipv6:%5B::1%5D:5000``."""
    host = unquote(peer).partition(":")[2].rpartition(":")[0]
    return _parsed(host.strip("[]"))


def _parsed(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _text(address: _Address | None) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _PREFIX), strict=False))
    return str(address)
