"""The texts that several services share."""

from __future__ import annotations

from typing import Final

from kernel.messages.catalogue import MessageCatalogue

OFFICE_TEXTS: Final = MessageCatalogue.beside(__file__)
