"""By which address a caller is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from kernel.rpc.method import Context
from kernel.rpc.peer import address_of


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("ipv4:203.0.113.7:5000", "", "203.0.113.7"),
        ("ipv4:203.0.113.7:5000", "198.51.100.1", "203.0.113.7"),
        ("ipv4:127.0.0.1:5000", "", "127.0.0.1"),
        ("ipv4:127.0.0.1:5000", "198.51.100.1", "198.51.100.1"),
        ("ipv4:127.0.0.1:5000", "10.0.0.1, 198.51.100.1", "198.51.100.1"),
        ("ipv4:127.0.0.1:5000", "nobody", "127.0.0.1"),
        ("ipv6:%5B::1%5D:5000", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("ipv6:%5B2001:db8:1:2::9%5D:5000", "198.51.100.1", "2001:db8:1:2::/64"),
        ("ipv6:[::ffff:203.0.113.7]:5000", "", "203.0.113.7"),
        ("unix:/run/x", "", ""),
    ],
)
def test_the_address_of_a_caller(peer: str, forwarded: str, address: str) -> None:
    """Only a gateway on this host is believed about others; the last entry is its own."""
    context = SimpleNamespace(
        peer=lambda: peer,
        invocation_metadata=lambda: (("x-forwarded-for", forwarded),) if forwarded else (),
    )
    assert address_of(cast(Context, context)) == address
