"""Seal what a citizen wrote, and open it for who has to read it (docs/adr/0030)."""

from __future__ import annotations

from typing import Final

from google.protobuf.wrappers_pb2 import StringValue
from motcua.events.v1.common_pb2 import SealedData

from kernel.crypto.keyring import ERASED, Keyring, NewKey

WITHDRAWAL_REASON: Final = "withdrawal_reason"
"""The field under which the reason for a withdrawal is sealed."""


def seal_text(key: NewKey, field: str, text: str) -> SealedData:
    """Encrypt a text for one field of the key's stream."""
    return key.seal(field, StringValue(value=text))


def open_text(keyring: Keyring, stream_id: str, field: str, sealed: bytes | None) -> str:
    """Return the text of a sealed field; "" where there is none, ``ERASED`` where its key was
    destroyed. Raise ``Tampered`` when it was sealed for another field or stream.
    """
    if sealed is None:
        return ""
    text = StringValue()
    if not keyring.open(stream_id, field, SealedData.FromString(sealed), text):
        return ERASED
    return text.value
