"""Bytes that are an event, and bytes that are not."""

from hypothesis import given
from hypothesis import strategies as st

from kernel.consumer.applying import decode
from kernel.consumer.applying.decode import key_fits, read, stream_of_key
from kernel.eventsourcing.record import Record
from tests.support.feed import supplement


def record(key: bytes | None, value: bytes | None) -> Record:
    return Record(0, 0, key, value, [])


@given(st.binary(max_size=200) | st.none(), st.binary(max_size=20) | st.none())
def test_any_bytes_are_read_without_an_exception(value: bytes | None, key: bytes | None) -> None:
    """Whatever comes is an event or nothing, and its key is a code or nothing."""
    found = read(record(key, value))
    assert found is None or (found.event_id and found.stream_id)
    assert stream_of_key(record(key, value)).isprintable()


def test_event_is_read_and_its_key_compared() -> None:
    """The key must be the dossier's code."""
    event = supplement("H22-1", 1)
    found = read(record(b"H22-1", event.SerializeToString()))
    assert found == event
    assert key_fits(record(b"H22-1", b""), event)
    assert not key_fits(record(b"H22-2", b""), event)
    assert not key_fits(record(None, b""), event)


def test_envelope_without_identity_is_no_event() -> None:
    """Bytes that parse are not enough: event, dossier, source and sequence must be there."""
    for name in ("event_id", "stream_id", "stream_kind", "source", "sequence"):
        event = supplement("H22-1", 1)
        event.ClearField(name)
        assert read(record(b"H22-1", event.SerializeToString())) is None


def test_identity_must_be_a_name() -> None:
    """Control characters and endless texts are not, and would not fit every database."""
    for strange in ("a\x00b", "a\nb", "x" * 129):
        for name in ("event_id", "stream_id", "stream_kind", "source"):
            event = supplement("H22-1", 1)
            setattr(event, name, strange)
            assert read(record(b"H22-1", event.SerializeToString())) is None


def test_no_hostile_name_is_kept() -> None:
    """A kind or source that is too long is refused before anything remembers it."""
    for name in ("stream_kind", "source"):
        event = supplement("H22-1", 1)
        setattr(event, name, name * 100_000)
        value = event.SerializeToString()
        decode._is_printable.cache_clear()
        assert read(record(b"H22-1", value)) is None
        assert decode._is_printable.cache_info().currsize <= 1  # the other of the two, at most


def test_times_that_no_clock_shows_are_no_event() -> None:
    """Whoever shows an event would fail on the last day of the year 9999, or beyond."""
    for field in ("occurred_at", "recorded_at"):
        for seconds, fits in ((253_402_214_399, True), (253_402_300_799, False), (2**62, False)):
            event = supplement("H22-1", 1)
            getattr(event, field).seconds = seconds
            assert (read(record(b"H22-1", event.SerializeToString())) is not None) is fits
