"""The texts of validation rules in both languages, by protovalidate's names of the rules.

protovalidate has English texts only, with regular expressions and numbers of enums in them. A rule
that the kernel's catalogue does not have keeps its text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, cast

from google.protobuf.descriptor import FieldDescriptor
from motcua.buf.validate.validate_pb2 import FieldRules, MessageRules
from motcua.buf.validate.validate_pb2 import field as _rules
from motcua.buf.validate.validate_pb2 import message as _message_rules

from kernel.base.errors import Violation
from kernel.messages.catalogue import BilingualText, FixedText
from kernel.messages.texts import TEXTS

PLAIN: Final = "text.plain"
"""A rule of this package: text without control characters, marks that change the direction, or
stacks of combining marks.
"""
INSTANT: Final = "timestamp.instant"
"""A rule of this package: an instant in the years 1 to 9999, as protobuf defines it."""
WELL_FORMED: Final = "message.well_formed"
MAX_BYTES: Final = "message.max_bytes"
UUID: Final = "string.uuid"
PATTERN: Final = "string.pattern"
_NUMBERS: Final = frozenset(
    f"{sign}{kind}{bits}"
    for sign, kind in (("", "int"), ("u", "int"), ("s", "int"), ("", "fixed"), ("s", "fixed"))
    for bits in (32, 64)
) | {"float", "double", "timestamp", "duration"}
_RANGES: Final = tuple(f"{low}_{high}" for low in ("gt", "gte") for high in ("lt", "lte"))
_SPANS: Final = (
    (86_400, "ngày", "days"),
    (3_600, "giờ", "hours"),
    (60, "phút", "minutes"),
    (1, "giây", "seconds"),
)


_NAMED: Final = re.compile(r"\bthis\.(\w+)")


def rule_text(rule: str, limit: Any, fallback: BilingualText) -> BilingualText:
    """Return the text of a rule; ``fallback`` without one. ``limit`` is the rule's value."""
    kind, _, comparison = rule.partition(".")
    if rule == PATTERN:
        form = pattern_key(str(limit))
        return TEXTS.text(form if form in TEXTS else PATTERN)
    if rule not in TEXTS and kind in _NUMBERS:
        ranged = comparison.removesuffix("_exclusive") in _RANGES
        rule = f"number.{'range' if ranged else comparison}"
    return TEXTS.text(rule, limit=_in_words(kind, limit)) if rule in TEXTS else fallback


def field_rule_text(
    field: FieldDescriptor | None, rule: str, limit: Any, fallback: BilingualText
) -> BilingualText:
    """Return the text of a rule of a field, with what only the field knows: both ends of its range,
    the names of its enum.
    """
    kind, _, comparison = rule.partition(".")
    if field is not None and kind in _NUMBERS and comparison == "gte_lte":
        rules = getattr(rules_of(field), kind)
        low, high = (_in_words(kind, getattr(rules, end)) for end in ("gte", "lte"))
        return TEXTS.text("number.from_to", low=low, high=high)
    if field is not None and field.enum_type is not None and isinstance(limit, list):
        names = field.enum_type.values_by_number
        limit = [names[number].name for number in limit if number in names]
    return rule_text(rule, limit, fallback)


def rules_of(field: FieldDescriptor) -> FieldRules:
    """Return the rules of a field in its .proto."""
    extension: Any = _rules
    return cast(FieldRules, field.GetOptions().Extensions[extension])


def field_of_rule(message: Any, rule: str) -> str:
    """Return the field that a rule of a whole message is about: the first that its expression
    names. Empty when the message has no such rule.
    """
    extension: Any = _message_rules
    for each in cast(MessageRules, message.GetOptions().Extensions[extension]).cel:
        if each.id == rule:
            return next((name for name in _NAMED.findall(each.expression)), "")
    return ""


def pattern_key(pattern: str) -> str:
    """Return the key of a pattern's text: one for a form that may be left out, and the same form
    where it is required.
    """
    inner = pattern.removeprefix("^").removesuffix("$")
    if inner.startswith("(") and inner.endswith(")?"):
        inner = inner[1:-2]
    return f"{PATTERN} {inner}"


def own_violation(field: str, rule: str) -> Violation:
    """Return the violation of a rule that has no limit."""
    return Violation(field, rule, rule_text(rule, "", FixedText("", "")))


def _in_words(kind: str, limit: Any) -> object:
    """Return the value of a rule as a person reads it."""
    if isinstance(limit, bytes):
        return limit.hex()
    if hasattr(limit, "seconds"):
        return _instant(limit.seconds) if kind == "timestamp" else _span(limit.seconds)
    if isinstance(limit, str | int | float) or limit is None:
        return limit
    try:
        return ", ".join(str(item) for item in limit if item != "")
    except TypeError:
        return ""


def _instant(seconds: int) -> BilingualText:
    at = datetime.fromtimestamp(seconds, UTC)
    return FixedText(f"{at:%H:%M} ngày {at:%d/%m/%Y} (UTC)", f"{at:%H:%M on %d %B %Y} (UTC)")


def _span(seconds: int) -> BilingualText:
    for length, vi, en in _SPANS:
        if seconds % length == 0 and seconds:
            return FixedText(f"{seconds // length} {vi}", f"{seconds // length} {en}")
    return FixedText("0 giây", "0 seconds")
