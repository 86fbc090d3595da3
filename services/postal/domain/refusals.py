"""The refusals of postal. Their texts are in postal's message catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kernel.base.errors import AlreadyExists, NotFound, Refusal, Unauthenticated, Violation
from kernel.messages.catalogue import MessageCatalogue

TEXTS: Final = MessageCatalogue.beside(Path(__file__).parent)


def _refusal(code: str) -> Refusal:
    return Refusal(code, TEXTS.text(code))


def _violation(field: str, rule: str, **words: object) -> Violation:
    return Violation(field, rule, TEXTS.text(rule, **words))


LEASE_LOST: Final = _refusal("LEASE_LOST")
NO_SUCH_ATTEMPT: Final = _refusal("NO_SUCH_ATTEMPT")
JOB_CLOSED: Final = _refusal("JOB_CLOSED")
JOB_UNDER_WAY: Final = _refusal("JOB_UNDER_WAY")
JOB_HELD: Final = _refusal("JOB_HELD")
REPORT_ID_REUSED: Final = _refusal("REPORT_ID_REUSED")
ITEM_MISMATCH: Final = _refusal("ITEM_MISMATCH")
SERIES_EXHAUSTED: Final = _refusal("SERIES_EXHAUSTED")
NO_PARTNER: Final = _refusal("NO_PARTNER")
RESULT_COLLECTED: Final = _refusal("RESULT_COLLECTED")
ITEM_UNDER_WAY: Final = _refusal("ITEM_UNDER_WAY")
NOT_UNDER_WAY: Final = _refusal("NOT_UNDER_WAY")
ITEM_RECALLED: Final = _refusal("ITEM_RECALLED")
NO_SUCH_CHANGE: Final = _refusal("NO_SUCH_CHANGE")
CHANGE_ENDED: Final = _refusal("CHANGE_ENDED")
GROUND_MISSING: Final = _violation("reason_code", "report.ground")
ANSWER_GROUND: Final = _violation("reason_code", "change.ground")
COLLECTED_TOTAL: Final = _violation("collected.total", "collected.total")
UNKNOWN_PARTNER: Final = _violation("partner_id", "postal.partner")
BEFORE_JOB: Final = _violation("happened_at", "report.before_job")
CURSOR_WRONG: Final = _violation("cursor", "postal.cursor")
DAY_WRONG: Final = _violation("day", "postal.day")
PAGE_TOKEN_WRONG: Final = _violation("page_token", "postal.page_token")


def receipt_missing(kind: str) -> Violation:
    """Return that money was collected without a receipt; ``kind`` is phi or le_phi."""
    return _violation(f"{kind}_receipt", "collected.receipt")


def no_job() -> NotFound:
    """Return the failure for a job that never was or is another's, in the same words for both."""
    return NotFound(*TEXTS.both("job.unknown"))


def item_used() -> AlreadyExists:
    """Return the failure for an item number that was used before."""
    return AlreadyExists(*TEXTS.both("item.used"))


def unauthenticated() -> Unauthenticated:
    """Return the failure of a caller that shows no valid credential of a partner."""
    return Unauthenticated(*TEXTS.both("partner.unauthenticated"))
