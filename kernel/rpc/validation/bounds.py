"""The number of items and pairs that a request may have, by the rules in its .proto.

They are counted before anything looks at the items: a megabyte of empty messages costs nothing to
send, and a violation each to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from kernel.base.errors import Violation
from kernel.messages.catalogue import FixedText
from kernel.rpc.validation.messages import rule_text, rules_of

MAX_ITEMS: Final = "repeated.max_items"
MAX_PAIRS: Final = "map.max_pairs"
_NO_TEXT: Final = FixedText("", "")
_Bound = Callable[[Message, str], Violation | None]


def broken_bound(message: Message, prefix: str = "") -> Violation | None:
    """Return the first repeated field or map, at any depth, with more than it may have."""
    for bound in _bounds(message.DESCRIPTOR):
        found = bound(message, prefix)
        if found is not None:
            return found
    return None


def most(field: FieldDescriptor) -> int | None:
    """Return how many items or pairs a repeated field or map may have; None without a bound."""
    rules = rules_of(field)
    if is_map(field):
        return rules.map.max_pairs if rules.map.HasField("max_pairs") else None
    return rules.repeated.max_items if rules.repeated.HasField("max_items") else None


def too_much(field: FieldDescriptor, place: str, limit: int) -> Violation:
    """Return the violation of a repeated field or map that holds more than it may."""
    rule = MAX_PAIRS if is_map(field) else MAX_ITEMS
    return Violation(place, rule, rule_text(rule, limit, _NO_TEXT))


def is_map(field: FieldDescriptor) -> bool:
    """Return whether a field is a map."""
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


@lru_cache(maxsize=512)
def _bounds(descriptor: Descriptor) -> tuple[_Bound, ...]:
    """Return the bounds of a message type; most have none, and cost nothing."""
    found = (_bound(field) for field in descriptor.fields if _counts(field, frozenset()))
    return tuple(found)


def _counts(field: FieldDescriptor, above: frozenset[str]) -> bool:
    """Return whether a field is, or holds at any depth, a repeated field or a map."""
    if field.is_repeated:
        return True
    inner = field.message_type
    if inner is None or inner.full_name in above:
        return False
    return any(_counts(each, above | {inner.full_name}) for each in inner.fields)


def _bound(field: FieldDescriptor) -> _Bound:
    name = field.name
    if not field.is_repeated:

        def inside(message: Message, prefix: str) -> Violation | None:
            if not message.HasField(name):
                return None
            return broken_bound(getattr(message, name), f"{prefix}{name}.")

        return inside
    limit, rule = most(field), MAX_PAIRS if is_map(field) else MAX_ITEMS
    held = field.message_type
    if held is not None and is_map(field):
        held = held.fields_by_name["value"].message_type

    def count(message: Message, prefix: str) -> Violation | None:
        items: Any = getattr(message, name)
        if limit is not None and len(items) > limit:
            return too_much(field, prefix + name, limit)
        if held is not None and _bounds(held):
            pairs = ((f"{name}[…]", items[key]) for key in items)
            listed = ((f"{name}[{index}]", item) for index, item in enumerate(items))
            for place, item in pairs if rule == MAX_PAIRS else listed:
                found = broken_bound(item, f"{prefix}{place}.")
                if found is not None:
                    return found
        return None

    return count
