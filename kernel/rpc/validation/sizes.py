"""The bytes that a request may have, by the bounds of its fields.

What is larger is refused before it is decoded: to decode and judge megabytes would hold up the
other calls. The number is an upper bound, so that nothing that the rules allow is refused by it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from motcua.buf.validate.validate_pb2 import FieldRules

from kernel.rpc.validation.bounds import is_map, most
from kernel.rpc.validation.messages import rules_of

SLACK: Final = 16 * 1024
"""Bytes more than the fields add up to: fields that this build does not know."""
CHARACTER_BYTES: Final = 8
"""Of one character that a rule counts: it is counted in composed form and without blanks around
it, and may come decomposed."""
UNCOUNTED: Final = 400
"""Characters of a text whose rule is no length but a format, a pattern or a list: more than any of
them takes."""
_NUMBER: Final = 10
_HEAD: Final = 10
"""Bytes of a field's tag and length."""


def largest(request: Descriptor) -> int:
    """Return the bytes that no valid request of this type exceeds."""
    return SLACK + _message(request, ())


@lru_cache(maxsize=512)
def _message(descriptor: Descriptor, above: tuple[str, ...]) -> int:
    if descriptor.full_name in above:
        return 0
    above = (*above, descriptor.full_name)
    return sum(_field(field, above) for field in descriptor.fields)


def _field(field: FieldDescriptor, above: tuple[str, ...]) -> int:
    rules = rules_of(field)
    if not field.is_repeated:
        return _HEAD + _value(field, rules, above)
    times = most(field) or 0
    entry = field.message_type
    if entry is None or not is_map(field):
        return times * (_HEAD + _value(field, rules.repeated.items, above))
    key = _value(entry.fields_by_name["key"], rules.map.keys, above)
    value = _value(entry.fields_by_name["value"], rules.map.values, above)
    return times * (3 * _HEAD + key + value)


def _value(field: FieldDescriptor, rules: FieldRules, above: tuple[str, ...]) -> int:
    if field.message_type is not None:
        return _message(field.message_type, above)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return int(rules.bytes.len or rules.bytes.max_len)
    if field.type == FieldDescriptor.TYPE_STRING:
        text = rules.string
        return int(text.max_len or text.len or text.max_bytes or UNCOUNTED) * CHARACTER_BYTES
    return _NUMBER
