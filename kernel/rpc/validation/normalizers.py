"""What normalizes and judges the texts of a field; who registers a service hands it in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf.descriptor import FieldDescriptor

from kernel.messages.catalogue import BilingualText


@dataclass(frozen=True, slots=True)
class Malformed:
    """A text that a field can't take: the rule that it breaks, and the rule in words."""

    rule: str
    text: BilingualText


Normalizer: TypeAlias = Callable[[str], "str | Malformed"]
"""Returns what is kept of a text, which is plain and not empty, or why it can't be taken. Pure."""
NormalizerOf: TypeAlias = Callable[[FieldDescriptor], Normalizer | None]
"""Returns what normalizes the texts of a field; None for any plain text."""


def no_normalizer(_field: FieldDescriptor) -> None:
    """Return none: every plain text will do."""
