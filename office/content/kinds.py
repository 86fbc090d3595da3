"""The kinds of files that can be handed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PDF: Final = "application/pdf"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
TIFF: Final = "image/tiff"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

ENDINGS: Final[Mapping[str, str]] = {
    ".pdf": PDF,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".docx": DOCX,
    ".xlsx": XLSX,
}
"""The media type of each ending of a name, in small letters."""


def media_type_of(name: str) -> str | None:
    """Return the media type that a file's name says; None for one that can't be handed in."""
    dot = name.rfind(".")
    return ENDINGS.get(name[dot:].lower()) if dot >= 0 else None
