"""The refusals of notify. Their texts are in notify's message catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.base.errors import NotFound, Refusal, Violation
from kernel.messages.catalogue import MessageCatalogue

_TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)
NOT_FAILED: Final = Refusal("MESSAGE_NOT_FAILED", _TEXTS.text("MESSAGE_NOT_FAILED"))
PAGE_TOKEN_WRONG: Final = Violation("page_token", "page_token", _TEXTS.text("page_token"))


def no_such_message() -> NotFound:
    """Return the answer for a message that is not there."""
    return NotFound(*_TEXTS.both("message.unknown"))
