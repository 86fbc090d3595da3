"""The texts of audit, in its message catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)
