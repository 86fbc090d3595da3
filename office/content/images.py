"""Images: their size, by their headers; they are not decoded."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

from PIL import Image

from office.content.findings import Finding, Found
from office.content.kinds import JPEG, PNG, TIFF

PIXELS: Final = 400_000_000
"""Of all frames together: a sheet of A0 at 300 dots an inch has 139 million."""
FRAMES: Final = 500
_FORMATS: Final = {JPEG: ("JPEG", "MPO"), PNG: ("PNG",), TIFF: ("TIFF",)}


def look(content: BytesIO, media_type: str) -> None:
    """Raise ``Found`` when an image is broken, or so large that to open it takes too much."""
    Image.MAX_IMAGE_PIXELS = None  # the limit is the one above
    try:
        with warnings.catch_warnings(action="ignore"):
            _look(content, _FORMATS[media_type])
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError) as fault:
        raise Found(Finding.BROKEN) from fault  # Pillow meets what is no image by any of them


def _look(content: BytesIO, formats: tuple[str, ...]) -> None:
    with Image.open(content, formats=formats) as image:
        pixels = 0
        for frame in range(getattr(image, "n_frames", 1)):
            if frame:
                image.seek(frame)
            pixels += image.width * image.height
            if frame >= FRAMES or pixels > PIXELS:
                raise Found(Finding.TOO_COMPLEX)
        image.seek(0)
        image.verify()
