"""Who wrote a record is proven by a code that nobody can make without the key."""

import pytest

from kernel.eventsourcing.authentication import HEADER, Authenticator, key_id
from kernel.eventsourcing.record import Record

OLD, NEW = b"o" * 32, b"n" * 32
BODY = b"an event"


def record(pairs: list[tuple[str, bytes]], body: bytes | None = BODY) -> Record:
    """Return a record with these headers."""
    return Record(0, 0, b"key", body, [("ce_id", b"1"), *pairs])


def test_a_source_proves_what_it_has_written() -> None:
    """Only these bytes, and only as that source."""
    both = Authenticator([NEW])
    header = both.header("routing", BODY)
    assert both.proves(record([header]), "routing")
    assert not both.proves(record([header]), "intake")
    assert not both.proves(record([header], b"another event"), "routing")
    assert not both.proves(record([header], None), "routing")


def test_the_events_beside_it_are_proven_with_it() -> None:
    """Nobody puts other events beside a record that was proven without, or with others."""
    both = Authenticator([NEW])
    alone, beside = both.header("routing", BODY), both.header("routing", BODY, b"others")
    assert both.proves(record([beside, ("batch", b"others")]), "routing")
    assert not both.proves(record([alone, ("batch", b"others")]), "routing")
    assert not both.proves(record([beside, ("batch", b"forged")]), "routing")
    assert not both.proves(record([beside]), "routing")


def test_no_code_proves_nothing() -> None:
    """Nor does a part of one, or one among several."""
    both = Authenticator([NEW])
    name, value = both.header("routing", BODY)
    wrong = [
        [],
        [(name, b"")],
        [(name, value[:-1])],
        [(name, value + b"0")],
        [(name, value.upper())],
        [(name, b"\xff" * len(value))],
        [(name, value), (name, value)],
        [(name, b"0" * 16 + value[16:])],
    ]
    for pairs in wrong:
        assert not both.proves(record(pairs), "routing"), pairs


def test_keys_change_without_a_break() -> None:
    """Both keys check for as long as the log has records of both; the first one proves."""
    before, between, after = Authenticator([OLD]), Authenticator([NEW, OLD]), Authenticator([NEW])
    old, new = before.header("intake", BODY), between.header("intake", BODY)
    assert new == after.header("intake", BODY)
    assert between.proves(record([old]), "intake")
    assert between.proves(record([new]), "intake")
    assert not after.proves(record([old]), "intake")
    assert not before.proves(record([new]), "intake")


def test_a_header_names_its_key_and_gives_nothing_away() -> None:
    """The id is no part of the key, and the same in every process."""
    name, value = Authenticator([NEW]).header("intake", BODY)
    assert (name, HEADER) == ("motcua-mac", "motcua-mac")
    assert value.decode().partition(":")[0] == key_id(NEW) == "25c308611d8d56cc"
    with pytest.raises(ValueError, match="no key"):
        Authenticator([])
