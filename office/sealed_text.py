"""Seal what people write, and open it for who has to read it (docs/adr/0030, docs/adr/0045).

A text that an event's contract marks with ``sealed`` stands in the event, and wherever it is copied
from there, as a token: the encrypted text between two control characters, which no request may
contain. A token inside of a longer text is opened there.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.wrappers_pb2 import StringValue
from motcua.events.v1.common_pb2 import SealedData
from motcua.validation.v1.format_pb2 import sealed as sealed_option

from kernel.crypto.keyring import ERASED, Keyring, NewKey
from kernel.eventsourcing.unit_of_work import UnitOfWork

WITHDRAWAL_REASON: Final = "withdrawal_reason"
"""The field under which the reason for a withdrawal is sealed."""
_TEXT: Final = "text"
"""The field under which the texts of tokens are sealed."""
_MARK: Final = "\x02sealed:"
_TOKEN: Final = re.compile(f"{_MARK}([A-Za-z0-9+/=]+)\x03")
M = TypeVar("M", bound=Message)


def seal_text(key: NewKey, field: str, text: str) -> SealedData:
    """Encrypt a text for one field of the key's stream."""
    return key.seal(field, StringValue(value=text))


def open_text(keyring: Keyring, stream_id: str, field: str, sealed: bytes | None) -> str:
    """Return the text of a sealed field; "" where there is none, ``ERASED`` where its key was
    destroyed. Raise ``Tampered`` when it was sealed for another field or stream.
    """
    if sealed is None:
        return ""
    return _opened(keyring, stream_id, field, SealedData.FromString(sealed))


def _opened(keyring: Keyring, stream_id: str, field: str, sealed: SealedData) -> str:
    text = StringValue()
    return text.value if keyring.open(stream_id, field, sealed, text) else ERASED


# -- texts of events ------------------------------------------------------------------------------


def seal_texts(uow: UnitOfWork, stream_id: str, payload: M) -> M:
    """Return an event's payload with the texts that its contract marks sealed by a key of its
    stream; it is left as it was. A text that was copied from another stream is sealed anew.
    """
    if next(_marked(payload), None) is None:
        return payload
    made = type(payload)()
    made.CopyFrom(payload)
    key: NewKey | None = None
    for message, name in _marked(made):
        text = getattr(message, name)
        token = _TOKEN.fullmatch(text)
        if token is not None and _stream_of(_sealed_in(token)) == stream_id:
            continue
        key = key or uow.new_key(stream_id)
        sealed = seal_text(key, _TEXT, open_texts(uow.saved_keyring(), text))
        body = b64encode(sealed.SerializeToString()).decode()
        setattr(message, name, f"{_MARK}{body}\x03")
    return made


def open_texts(keyring: Keyring | None, text: str) -> str:
    """Return a text with what is sealed in it opened, ``ERASED`` where a key was destroyed; as it
    is without a keyring. Raise ``Tampered`` when it was changed.
    """
    if keyring is None or _MARK not in text:
        return text

    def opened(token: re.Match[str]) -> str:
        sealed = _sealed_in(token)
        return _opened(keyring, _stream_of(sealed), _TEXT, sealed)

    return _TOKEN.sub(opened, text)


class AnswerOpener:
    """Opens the texts in answers, whatever message holds them, before they are given out."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def __call__(self, answer: M) -> M:
        """Return an answer with its texts opened, in a thread where there are any."""
        if _MARK.encode() not in answer.SerializeToString():
            return answer
        return await asyncio.to_thread(self.open, answer)

    def open(self, answer: M) -> M:
        """Return a copy of an answer with its texts opened."""
        made = type(answer)()
        made.CopyFrom(answer)
        self._open(made)
        return made

    def _open(self, message: Message) -> None:
        for field, value in message.ListFields():
            if _is_map(field):
                self._open_map(value)
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                for each in _messages_in(field, value):
                    self._open(each)
            elif field.type == FieldDescriptor.TYPE_STRING:
                if field.is_repeated:
                    value[:] = [open_texts(self._keyring, each) for each in value]
                else:
                    setattr(message, field.name, open_texts(self._keyring, value))

    def _open_map(self, found: Any) -> None:
        for key, value in found.items():
            if isinstance(value, str):
                found[key] = open_texts(self._keyring, value)
            elif isinstance(value, Message):
                self._open(value)


def _sealed_in(token: re.Match[str]) -> SealedData:
    return SealedData.FromString(b64decode(token[1]))


def _stream_of(sealed: SealedData) -> str:
    return sealed.key_id.rpartition("/")[0]


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a message's fields that are marked, and of those that hold some."""
    option: Any = sealed_option
    fields = [field for field in descriptor.fields if not _is_map(field)]
    marked = tuple(field.name for field in fields if field.GetOptions().Extensions[option])
    inner = (field for field in fields if field.message_type is not None)
    return marked, tuple(field.name for field in inner if any(_plan(field.message_type)))


def _marked(message: Message) -> Iterator[tuple[Message, str]]:
    """Yield the texts of a message that are marked and not empty, however deep."""
    marked, inner = _plan(message.DESCRIPTOR)
    for name in marked:
        if getattr(message, name):
            yield message, name
    for name in inner:
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.is_repeated or message.HasField(name):
            for each in _messages_in(field, getattr(message, name)):
                yield from _marked(each)


def _messages_in(field: Any, value: Any) -> Iterator[Message]:
    if field.is_repeated:
        yield from value
    else:
        yield value


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry
