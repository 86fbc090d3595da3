"""The tracking codes of postal items: EMSEVT's, and RTS, our own, for a return."""

from __future__ import annotations

from typing import Final

from kernel.messages.catalogue import FixedText
from office.texts import OFFICE_TEXTS

TRACKING_CODES: Final = (
    *("EMA", "EMB", "EMC", "EMD", "EMF", "EMG", "EDG", "EMH", "EDH", "EMI", "EMJ", "EMK", "RTS"),
)


def tracking_meaning(code: str) -> FixedText:
    """Return the meaning of a code; empty for one that is not known."""
    known = code in TRACKING_CODES
    return FixedText(*OFFICE_TEXTS.both(f"tracking.{code}")) if known else FixedText("", "")


def tracked_line(item: str, code: str) -> tuple[str, str]:
    """Return in one line what was reported of an item; an unknown code stays as it came."""
    meaning = tracking_meaning(code)
    if not meaning.en:
        return OFFICE_TEXTS.both("tracked.unknown", item=item, code=code)
    begun = FixedText(
        meaning.vi[0].lower() + meaning.vi[1:], meaning.en[0].lower() + meaning.en[1:]
    )
    return OFFICE_TEXTS.both("tracked", item=item, code=code, meaning=begun)
