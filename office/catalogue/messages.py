"""The rules of the catalogue. Their texts are in its message catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kernel.documents.rules import UNKNOWN_KEY, rule_of
from kernel.messages.catalogue import BilingualText, MessageCatalogue

CODE: Final = r"^\d\.\d{6}(\.[0-9A-Z.]{1,30})?$"
AGENCY: Final = r"^[0-9A-Z]+(\.[0-9A-Z]+)*$"
UNIT_OR_LEVEL: Final = r"^([0-9A-Z]+(\.[0-9A-Z]+)*|province|district|commune)$"
FIELD: Final = r"^[0-9A-Z-]{1,64}$"
PART: Final = r"^[0-9A-Za-z-]{1,16}$"
PROCESS: Final = r"^[a-z][a-z0-9-]{0,39}$"

TEXTS: Final = MessageCatalogue.beside(__file__)


@dataclass(frozen=True, slots=True, order=True)
class BrokenRule:
    """A broken rule with its message in both languages; ``code`` is stable."""

    code: str
    vi: str
    en: str


def broken_rule(code: str, value: object = "", **more: object) -> BrokenRule:
    """Return a broken rule; ``value`` and ``more`` fill the places of its text."""
    return BrokenRule(code, *TEXTS.both(code, value=value, count=value, **more))


FORMS: Final[Mapping[str, str]] = {
    CODE: "form.CODE",
    AGENCY: "form.AGENCY",
    UNIT_OR_LEVEL: "form.UNIT_OR_LEVEL",
    FIELD: "form.FIELD",
    PART: "form.PART",
    PROCESS: "form.PROCESS",
}
"""The texts of what the patterns describe."""
_OF_PYDANTIC: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing", ""),
    "extra_forbidden": ("unknown", ""),
    "string_type": ("text", ""),
    "string_too_short": ("text.empty", ""),
    "string_too_long": ("text.long", "max_length"),
    "literal_error": ("choice", "expected"),
    "enum": ("choice", "expected"),
    "list_type": ("list", ""),
    "too_short": ("list.short", "min_length"),
    "int_type": ("number", ""),
    "int_from_float": ("number", ""),
    "greater_than_equal": ("number.low", "ge"),
    "less_than_equal": ("number.high", "le"),
    "bool_type": ("yes_no", ""),
    "model_type": ("object", ""),
    "dataclass_exact_type": ("duration", ""),
    "dataclass_type": ("duration", ""),
}


def words_of(error: Mapping[str, Any]) -> tuple[str, BilingualText]:
    """Return the code and the text of the rule that a pydantic error stands for."""
    if error["type"] == UNKNOWN_KEY:
        return rule_of(error)
    rule = broken_by_schema(error)
    return rule.code, rule


def broken_by_schema(error: Mapping[str, Any]) -> BrokenRule:
    """Return the rule that a pydantic error stands for."""
    context = error.get("ctx") or {}
    if "words" in context:
        return BrokenRule(context["rule"], context["words"].vi, context["words"].en)
    if "rule" in context:  # raised by a validator of this package
        return broken_rule(context["rule"], context["value"])
    kind = str(error["type"])
    if kind == "string_pattern_mismatch":
        return broken_rule("text.pattern", TEXTS.text(FORMS[context["pattern"]]))
    if kind.startswith("date"):
        return broken_rule("date")
    code, name = _OF_PYDANTIC.get(kind, ("form", ""))
    value = context.get(name, "")
    if code == "choice":
        value = str(value).replace("'", "").replace(" or ", ", ")
    return broken_rule(code, value)
