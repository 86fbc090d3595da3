"""The rules that the values of a document break, with their texts in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from kernel.messages.catalogue import BilingualText
from kernel.messages.texts import TEXTS

UNKNOWN_KEY: Final = "extra_forbidden"
_OWN: Final = "rule"
_TEXT_OF: Final = {
    "missing": "missing",
    "string_type": "text",
    "string_too_short": "empty",
    "string_too_long": "long",
    "int_type": "number",
    "int_from_float": "number",
    "int_parsing": "number",
    "float_type": "number",
    "float_parsing": "decimal",
    "bool_type": "yes_no",
    "greater_than": "above",
    "greater_than_equal": "least",
    "less_than_equal": "most",
    "dict_type": "table",
    "model_type": "table",
    "model_attributes_type": "table",
    "list_type": "list",
    "set_type": "list",
    "frozen_set_type": "list",
    "tuple_type": "list",
    "too_short": "short_list",
    "too_long": "long_list",
    "literal_error": "choice",
    "enum": "choice",
}
"""The texts of pydantic's errors."""
_LIMITS: Final = ("gt", "ge", "le", "min_length", "max_length")


Words = Callable[[Mapping[str, Any]], tuple[str, BilingualText]]
"""Gives the code of the rule that a pydantic error breaks, and its text. The context of an unknown
key holds the keys that are ``known``, and those ``near`` that it resembles."""


def broken(rule: str, text: BilingualText) -> PydanticCustomError:
    """Return what a validator raises: the code of the rule that is broken, and its text."""
    return PydanticCustomError(_OWN, "{rule}", {"rule": rule, "text": text})


def must(holds: Callable[[Any], object], rule: str, text: BilingualText) -> AfterValidator:
    """Return a validator of values for which ``holds`` is true, such as a pattern's ``fullmatch``.

    A person is told the text, never the pattern.
    """

    def check(value: Any) -> Any:
        if not holds(value):
            raise broken(rule, text)
        return value

    return AfterValidator(check)


def one_of(words: Sequence[str]) -> AfterValidator:
    """Return a validator of texts that are among some words."""
    text = TEXTS.text("document.choice", choices=", ".join(words))
    return must(lambda value: value in words, "choice", text)


def unknown_key(near: list[str], known: list[str]) -> BilingualText:
    """Return the text of an unknown key; ``near`` are the known ones that it resembles."""
    if near:
        return TEXTS.text("document.unknown.near", near=near[0])
    return TEXTS.text("document.unknown", known=", ".join(known))


def rule_of(problem: Mapping[str, Any]) -> tuple[str, BilingualText]:
    """Return the code and the text of what pydantic found."""
    kind, context = str(problem["type"]), problem.get("ctx") or {}
    if kind == _OWN:
        return context["rule"], context["text"]
    if kind == UNKNOWN_KEY and "known" in context:
        return "unknown", unknown_key(context["near"], context["known"])
    if kind.startswith("date"):
        return "day", TEXTS.text("document.day")
    rule = _TEXT_OF.get(kind, "form")
    if rule == "choice":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return rule, TEXTS.text("document.choice", choices=choices)
    limit = next((context[name] for name in _LIMITS if name in context), None)
    if limit is None:
        return rule, TEXTS.text(f"document.{rule}")
    written = str(limit) if isinstance(limit, int) else f"{limit:g}"
    return rule, TEXTS.text(f"document.{rule}", limit=written, count=limit)
