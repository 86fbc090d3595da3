"""The texts of audit, in its message catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)


def key_of_value(payload: Any, field: str, otherwise: str) -> str:
    """Return the name of an enumerated value, which is the key of its words; ``otherwise`` for one
    without words, or newer than this build.
    """
    values = payload.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    found = values.get(getattr(payload, field))
    return found.name if found is not None and found.name in TEXTS else otherwise
