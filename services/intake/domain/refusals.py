"""The refusals of intake's rules. Their texts are in intake's message catalogue.

The codes are stable: programs rely on them. Texts never repeat what the caller sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.base.errors import AlreadyExists, NotFound, Refusal, Violation
from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)


def refusal(code: str, **words: object) -> Refusal:
    """Return the refusal with this code; ``words`` are the rule's, never the sender's."""
    return Refusal(code, TEXTS.text(code, **words))


def refusal_codes() -> list[str]:
    """List every code that the desk can refuse with."""
    return sorted(key for key in TEXTS if key.isupper())


def violation(field: str, rule: str, **words: object) -> Violation:
    """Return which rule a field breaks.

    ``words`` are the rule's and the catalogue's, never the sender's.
    """
    return Violation(field, rule, TEXTS.text(rule, **words))


def unknown_dossier() -> NotFound:
    """Return the failure of a caller for whom there is no such dossier."""
    return NotFound(*TEXTS.both("dossier.unknown"))


def unknown_to_guest() -> NotFound:
    """Return the failure of a guest with a wrong code or PIN; it does not say which is wrong."""
    return NotFound(*TEXTS.both("dossier.unknown_to_guest"))


def unknown_procedure() -> NotFound:
    """Return the failure for a procedure that there is not."""
    return NotFound(*TEXTS.both("procedure.none"))


def dossier_exists() -> AlreadyExists:
    """Return the failure for a code that a dossier has already."""
    return AlreadyExists(*TEXTS.both("dossier.exists"))


def external_code_exists() -> AlreadyExists:
    """Return the failure for a number of another system that a dossier has already."""
    return AlreadyExists(*TEXTS.both("external_code.exists"))
