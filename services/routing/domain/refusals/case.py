"""The refusals of routing's rules. Their texts are in routing's message catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.base.errors import NotFound, Refusal, Violation
from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent.parent)


def violation(field: str, rule: str, limit: object = "") -> Violation:
    """Return which rule a field breaks; ``limit`` is a word of the rule, never the sender's."""
    return Violation(field, rule, TEXTS.text(rule, limit=limit))


def refusal(code: str, **names: object) -> Refusal:
    """Return the refusal of a code; its text names what ``names`` holds."""
    return Refusal(code, TEXTS.text(code, **names))


def no_such_dossier() -> NotFound:
    """Return the failure for a dossier that routing has not heard of (yet)."""
    return NotFound(*TEXTS.both("dossier.unknown"))
