"""The texts of validation rules in both languages, by protovalidate's names of the rules.

protovalidate has English texts only; a rule that the kernel's catalogue does not have keeps its
text.
"""

from __future__ import annotations

from typing import Final

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
UUID: Final = "string.uuid"
_NUMBERS: Final = frozenset(
    f"{sign}{kind}{bits}"
    for sign, kind in (("", "int"), ("u", "int"), ("s", "int"), ("", "fixed"), ("s", "fixed"))
    for bits in (32, 64)
) | {"float", "double", "timestamp", "duration"}
_RANGES: Final = tuple(f"{low}_{high}" for low in ("gt", "gte") for high in ("lt", "lte"))


def rule_text(rule: str, limit: str, fallback: BilingualText) -> BilingualText:
    """Return the text of a rule; ``fallback`` without one."""
    kind, _, comparison = rule.partition(".")
    if rule not in TEXTS and kind in _NUMBERS:
        ranged = comparison.removesuffix("_exclusive") in _RANGES
        rule = f"number.{'range' if ranged else comparison}"
    return TEXTS.text(rule, limit=limit) if rule in TEXTS else fallback


def own_violation(field: str, rule: str) -> Violation:
    """Return the violation of a rule that has no limit."""
    return Violation(field, rule, rule_text(rule, "", FixedText("", "")))
