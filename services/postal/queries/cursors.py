"""Opaque page tokens of lists and cursors of streams."""

from __future__ import annotations

import base64
import binascii

from kernel.base.errors import Invalid
from services.postal.domain import refusals


def stream_cursor(partner_id: str, offer_number: int) -> str:
    """Return the cursor behind an offer in a partner's stream."""
    return _pack(partner_id, offer_number)


def read_stream_cursor(text: str, partner_id: str) -> int:
    """Return the offer number that a cursor stands behind; 0 for the empty one.

    Raise ``Invalid`` for one that was not given to this partner.
    """
    if not text:
        return 0
    found = _unpack(text)
    if found is None or found[0] != partner_id:
        raise Invalid([refusals.CURSOR_WRONG])
    return found[1]


def page_token(job_id: str, created_at: int) -> str:
    """Return the token of the page behind a job, in a list by the time of creation."""
    return _pack(job_id, created_at)


def read_page_token(text: str) -> tuple[int, str]:
    """Return the time and the job behind which a page begins; raise ``Invalid``."""
    found = _unpack(text)
    if found is None:
        raise Invalid([refusals.PAGE_TOKEN_WRONG])
    return found[1], found[0]


def _pack(name: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"1:{name}:{number}".encode()).decode().rstrip("=")


def _unpack(text: str) -> tuple[str, int] | None:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
        version, name, number = raw.split(":")
        place = int(number)
    except (ValueError, binascii.Error):
        return None
    return (name, place) if version == "1" and 0 <= place < 2**63 else None
