"""The texts of the web pages."""

from __future__ import annotations

from typing import Final

from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(__file__)
