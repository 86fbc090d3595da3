"""Counts the items of an encoded request before it is decoded.

To decode 400 KB of empty messages takes the interpreter for tens of milliseconds at a stretch, in
whichever thread it is done, and hundreds of megabytes. To count them takes as long as one of them
too many.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from kernel.base.errors import Violation
from kernel.rpc.validation.bounds import is_map, most, too_much

STEPS: Final = 20_000
"""Fields that are looked at; what has more is left to the decoder."""
DEEPEST: Final = 20
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_SKIPPED: Final = {_FIXED64: 8, _FIXED32: 4}


class _GivenUp(Exception):
    """What is encoded is left to the decoder."""


def broken_bound_encoded(data: bytes, descriptor: Descriptor) -> Violation | None:
    """Return the first repeated field or map of messages or texts with more than it may have; None
    as well for what is not encoded rightly, which the decoder refuses.
    """
    try:
        return _Count(data).of(descriptor, 0, len(data), "", 0)
    except (_GivenUp, IndexError):
        return None


class _Count:
    """Walks over one request."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._steps = 0

    def of(
        self, descriptor: Descriptor, at: int, end: int, prefix: str, depth: int
    ) -> Violation | None:
        """Return what is too much in a part of the request."""
        if depth > DEEPEST:
            raise _GivenUp
        fields, counts = _fields(descriptor), Counter[int]()
        while at < end:
            self._steps += 1
            if self._steps > STEPS:
                raise _GivenUp
            tag, at = self._varint(at)
            number, kind = tag >> 3, tag & 7
            if kind == _VARINT:
                _, at = self._varint(at)
                continue
            if kind != _LENGTH:
                if kind not in _SKIPPED:
                    raise _GivenUp
                at += _SKIPPED[kind]
                continue
            length, first = self._varint(at)
            at = first + length
            field = fields.get(number)
            if field is None:
                continue
            place = prefix + field.name
            if field.is_repeated:
                counts[number] += 1
                limit = most(field)
                if limit is not None and counts[number] > limit:
                    return too_much(field, place, limit)
                place = f"{place}[{counts[number] - 1}]"
            if field.message_type is not None and not is_map(field):
                found = self.of(field.message_type, first, min(at, end), f"{place}.", depth + 1)
                if found is not None:
                    return found
        return None

    def _varint(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
            if shift > 63:
                raise _GivenUp


@lru_cache(maxsize=512)
def _fields(descriptor: Descriptor) -> dict[int, FieldDescriptor]:
    """Return the fields that hold messages, texts or bytes, by number: numbers may be packed."""
    held = (FieldDescriptor.TYPE_MESSAGE, FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
    return {field.number: field for field in descriptor.fields if field.type in held}
