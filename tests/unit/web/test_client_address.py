"""Who asks for a page: what services and the web pages believe of an address is one rule."""

import pytest

from kernel.rpc.peer import caller_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),  # believed from this machine only
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        (
            "127.0.0.1",
            "203.0.113.9, 192.0.2.1",
            "192.0.2.1",
        ),  # what the citizen's side adds is first
        ("::1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "<script>", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("", "", ""),
    ],
)
def test_a_client_is_known_by_its_address(peer: str, forwarded: str, address: str) -> None:
    """A proxy on this machine names it last."""
    assert caller_address(peer, forwarded) == address
