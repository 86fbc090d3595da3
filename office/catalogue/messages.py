"""The rules of the catalogue. Their texts are in its message catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import PydanticCustomError

from kernel.documents.rules import broken, unknown_key
from kernel.messages.catalogue import BilingualText, MessageCatalogue

CODE: Final = r"\d\.\d{6}(\.[0-9A-Z.]{1,30})?"

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


def breaks(code: str, value: object = "") -> PydanticCustomError:
    """Return what a validator raises for a value that breaks a rule."""
    return broken(code, broken_rule(code, value))


_OF_PYDANTIC: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing", ""),
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
    context = error.get("ctx") or {}
    if "text" in context:  # raised by a validator
        return context["rule"], context["text"]
    if "known" in context:
        code = "unknown.near" if context["near"] else "unknown"
        return code, unknown_key(context["near"], context["known"])
    kind = str(error["type"])
    code, name = _OF_PYDANTIC.get(kind, ("date" if kind.startswith("date") else "form", ""))
    value = context.get(name, "")
    if code == "choice":
        value = str(value).replace("'", "").replace(" or ", ", ")
    return code, broken_rule(code, value)
