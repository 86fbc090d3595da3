"""Why a text that a person typed is not of its format, in both languages."""

from __future__ import annotations

from typing import Final

from kernel.messages.catalogue import MessageCatalogue
from kernel.rpc.validation.normalizers import Malformed

TEXTS: Final = MessageCatalogue.beside(__file__)


def malformed(rule: str, **words: object) -> Malformed:
    """Return the rule that a text breaks; ``words`` are the rule's, never the sender's."""
    return Malformed(rule, TEXTS.text(rule, **words))
