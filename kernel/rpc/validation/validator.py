"""Validates requests: plain text, instants in range, and the rules in their .proto.

Texts are normalized first: to Unicode's composed form (NFC) and plain blanks, so that the same name
has the same bytes everywhere, then as their field demands. A text without a visible character is
emptied, so that it does not pass where one is required.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import protovalidate
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from kernel.base.errors import Invalid, Violation
from kernel.base.instants import FIRST_SECOND, LAST_SECOND
from kernel.base.plain_text import plain
from kernel.messages.catalogue import FixedText
from kernel.messages.texts import TEXTS
from kernel.rpc.validation.bounds import broken_bound
from kernel.rpc.validation.messages import (
    INSTANT,
    PLAIN,
    field_of_rule,
    field_rule_text,
    own_violation,
)
from kernel.rpc.validation.normalizers import Malformed, Normalizer, NormalizerOf, no_normalizer

_VALIDATOR: Final = protovalidate.Validator()
_TIMESTAMP: Final = "google.protobuf.Timestamp"


def check(
    request: Message,
    further: Callable[[Any], Iterable[Violation]] = lambda _request: (),
    normalizer_of: NormalizerOf = no_normalizer,
) -> None:
    """Normalize the texts of a request; raise ``Invalid`` that names the wrong fields.

    A repeated field or map that holds too much is named alone: nothing else is looked at.
    ``further`` returns violations that a .proto can't express, also when other fields are wrong; a
    field named before is not named again. Texts of rules written as CEL expressions may hold both
    languages, Vietnamese first, divided by `` | ``.
    """
    too_much = broken_bound(request)
    if too_much is not None:
        raise Invalid([too_much])
    violations = list(_wrong(request, normalizer_of))
    named = {v.field for v in violations if v.rule != PLAIN}
    broken = _VALIDATOR.collect_violations(request)
    translated = [_translated(request, each) for each in broken[: Invalid.NAMED]]
    violations += [v for v in translated if v.field not in named]
    named |= {v.field for v in violations}
    violations += [v for v in further(request) if v.field not in named]
    if violations:
        raise Invalid(violations, more=len(broken[Invalid.NAMED :]))


def _translated(request: Message, violation: protovalidate.Violation) -> Violation:
    proto = violation.proto
    vi, _, en = proto.message.partition(" | ")
    field = _field(request, violation)
    text = field_rule_text(field, proto.rule_id, violation.rule_value, FixedText(vi, en or vi))
    message = request.DESCRIPTOR if field is None else field.message_type
    first = field_of_rule(message, proto.rule_id) if message is not None else ""
    return Violation(".".join(filter(None, (_path(violation), first))), proto.rule_id, text)


def _field(request: Message, violation: protovalidate.Violation) -> FieldDescriptor | None:
    path = violation.proto.field
    at: Any = request.DESCRIPTOR
    found: FieldDescriptor | None = None
    for element in path.elements if path is not None else ():
        found = at.fields_by_name.get(element.field_name) if at is not None else None
        at = found.message_type if found is not None else None
    return found


def _path(violation: protovalidate.Violation) -> str:
    path = ""
    field = violation.proto.field
    for element in field.elements if field is not None else ():
        path += ("." if path else "") + element.field_name
        subscript = element.subscript
        if subscript is not None:  # the key of a map is the sender's text: it is not repeated
            path += f"[{subscript.value}]" if isinstance(subscript.value, int) else "[…]"
    return path


# -- texts and instants ----------------------------------------------------------------------------

LONGEST: Final = 4_000
"""Characters of a text that has a format, before it is normalized: no format takes as many."""
_Walk = Callable[[Message, str], Iterator[Violation]]
_NOT_PLAIN: Final = Malformed(PLAIN, TEXTS.text(PLAIN))
_TOO_LONG: Final = Malformed("string.max_len", TEXTS.text("string.max_len", limit=LONGEST))


def _wrong(message: Message, normalizer_of: NormalizerOf, prefix: str = "") -> Iterator[Violation]:
    """Yield texts that can't be taken and instants out of range; normalize the other texts."""
    for walk in _walks(message.DESCRIPTOR, normalizer_of):
        yield from walk(message, prefix)


@lru_cache(maxsize=512)
def _walks(descriptor: Descriptor, normalizer_of: NormalizerOf) -> tuple[_Walk, ...]:
    """Return the checks of a message type: fields that hold text or instants, at any depth."""
    walks = (_walk_of(field, normalizer_of) for field in descriptor.fields)
    return tuple(walk for walk in walks if walk is not None)


def _walk_of(field: FieldDescriptor, normalizer_of: NormalizerOf) -> _Walk | None:
    if field.type == FieldDescriptor.TYPE_STRING:
        clean = _cleaning(normalizer_of(field))
        return _repeated_text(field.name, clean) if field.is_repeated else _text(field.name, clean)
    inner = field.message_type
    if inner is None or not _may_hold_any(inner, frozenset()):
        return None
    if inner.full_name == _TIMESTAMP and not field.is_repeated:
        return _instant(field.name)
    if inner.GetOptions().map_entry:
        return _map(field.name, inner.fields_by_name["value"], normalizer_of)
    return (_messages if field.is_repeated else _message)(field.name, normalizer_of)


def _may_hold_any(descriptor: Descriptor, above: frozenset[str]) -> bool:
    if descriptor.full_name == _TIMESTAMP:
        return True
    if descriptor.full_name in above:
        return False
    above |= {descriptor.full_name}
    return any(
        f.type == FieldDescriptor.TYPE_STRING
        or (f.message_type is not None and _may_hold_any(f.message_type, above))
        for f in descriptor.fields
    )


_Clean = Callable[[str], str | Malformed]


def _cleaning(normalize: Normalizer | None) -> _Clean:
    """Return what cleans the texts of a field; a text that needs nothing is itself returned."""

    def clean(value: str) -> str | Malformed:
        text = plain(value)
        if text is None:
            return _NOT_PLAIN
        if not normalize or not text:
            return text
        return normalize(text) if len(text) <= LONGEST else _TOO_LONG

    return clean


def _violation(path: str, found: Malformed) -> Violation:
    return Violation(path, found.rule, found.text)


def _instant(name: str) -> _Walk:
    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        if message.HasField(name):
            at = getattr(message, name)
            if not (FIRST_SECOND <= at.seconds <= LAST_SECOND and 0 <= at.nanos < 1_000_000_000):
                yield own_violation(prefix + name, INSTANT)

    return walk


def _text(name: str, clean: _Clean) -> _Walk:
    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        value = getattr(message, name)
        if value:
            text = clean(value)
            if isinstance(text, Malformed):
                yield _violation(prefix + name, text)
            elif text is not value:
                setattr(message, name, text)

    return walk


def _repeated_text(name: str, clean: _Clean) -> _Walk:
    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        values = getattr(message, name)
        for index, value in enumerate(values):
            text = clean(value)
            if isinstance(text, Malformed):
                yield _violation(f"{prefix}{name}[{index}]", text)
            elif text is not value:
                values[index] = text

    return walk


def _message(name: str, normalizer_of: NormalizerOf) -> _Walk:
    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        if message.HasField(name):
            yield from _wrong(getattr(message, name), normalizer_of, f"{prefix}{name}.")

    return walk


def _messages(name: str, normalizer_of: NormalizerOf) -> _Walk:
    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        for index, item in enumerate(getattr(message, name)):
            yield from _wrong(item, normalizer_of, f"{prefix}{name}[{index}].")

    return walk


def _map(name: str, value_field: FieldDescriptor, normalizer_of: NormalizerOf) -> _Walk:
    text_values = value_field.type == FieldDescriptor.TYPE_STRING
    messages = value_field.type == FieldDescriptor.TYPE_MESSAGE
    clean = _cleaning(normalizer_of(value_field))

    def walk(message: Message, prefix: str) -> Iterator[Violation]:
        entries = getattr(message, name)
        for key in list(entries):
            if isinstance(key, str) and plain(key) is None:
                yield _violation(f"{prefix}{name}[…]", _NOT_PLAIN)
            elif messages:
                yield from _wrong(entries[key], normalizer_of, f"{prefix}{name}[…].")
            elif text_values:
                text = clean(entries[key])
                if isinstance(text, Malformed):
                    yield _violation(f"{prefix}{name}[…]", text)
                elif text is not entries[key]:
                    entries[key] = text

    return walk
