"""From bytes to an event, or to the reason why not. Nothing here raises, whatever the bytes are."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.eventsourcing.record import Record

UNDECODABLE = "undecodable"
KEY_MISMATCH = "key_mismatch"
_LONGEST = 128


def read(record: Record) -> DossierEvent | None:
    """Return the event in a record; None when there is none, or only some bytes that happen to
    parse.

    An empty byte string is a valid protobuf message, hence the look at the envelope's own fields.
    """
    if not record.value:
        return None
    try:
        event = DossierEvent.FromString(record.value)
    except DecodeError:
        return None
    names = (event.dossier_code, event.event_id, event.source)
    return event if event.sequence > 0 and all(map(_is_name, names)) else None


def _is_name(text: str) -> bool:
    """Return whether a text can name something: not every database takes control characters, or
    long keys."""
    return 0 < len(text) <= _LONGEST and text.isprintable()


def key_fits(record: Record, event: DossierEvent) -> bool:
    """Return whether a record's key names the dossier of its event."""
    return record.key is not None and record.key == event.dossier_code.encode()


def code_of_key(record: Record) -> str:
    """Return the dossier that a record's key names; empty when it can't be one."""
    try:
        code = (record.key or b"").decode()
    except UnicodeDecodeError:
        return ""
    return code if _is_name(code) else ""
