"""What can be wrong with a content. The codes are those of refusals."""

from __future__ import annotations

from enum import StrEnum


class Finding(StrEnum):
    """Why a content is not taken."""

    NOTHING = ""
    """It is taken."""
    OTHER_KIND = "FILE_OTHER_KIND"
    BROKEN = "FILE_BROKEN"
    ENCRYPTED = "FILE_ENCRYPTED"
    MACROS = "FILE_MACROS"
    UNSAFE = "FILE_UNSAFE"
    """It would do something by itself when it is opened, or hides where its parts go."""
    TOO_COMPLEX = "FILE_TOO_COMPLEX"
    """To open it would take too much memory or time."""


class Found(Exception):
    """Ends a look at a content."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.value)
        self.finding = finding
