"""The settings that only notify has: the mails' sender, and when failed attempts are repeated."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr

from services.notify.delivery.mail_format import mailbox
from services.notify.domain.retry_schedule import RETRY_SCHEDULE

DEFAULT_SENDER = "Một Cửa <khong-tra-loi@motcua.invalid>"


@dataclass(frozen=True)
class MailSettings:
    """How mails are sent."""

    sender: Address
    waits: tuple[float, ...] = RETRY_SCHEDULE
    """Seconds after each attempt; never empty."""


def load() -> MailSettings:
    """Read NOTIFY_SENDER (``Name <address>``) and NOTIFY_RETRY_SECONDS (numbers with commas).

    Raise ``ValueError`` naming the variable.
    """
    return MailSettings(
        _sender(os.environ.get("NOTIFY_SENDER") or DEFAULT_SENDER),
        _waits(os.environ.get("NOTIFY_RETRY_SECONDS", "")),
    )


def _sender(text: str) -> Address:
    sender = mailbox(*parseaddr(text))
    if sender is None or not text.isprintable():
        raise ValueError(f"NOTIFY_SENDER: must be like {DEFAULT_SENDER!r}, got {text!r}")
    return sender


def _waits(text: str) -> tuple[float, ...]:
    if not text:
        return RETRY_SCHEDULE
    try:
        waits = tuple(float(part) for part in text.split(","))
    except ValueError:
        waits = ()
    if not waits or not all(math.isfinite(wait) and wait > 0 for wait in waits):
        raise ValueError(
            f"NOTIFY_RETRY_SECONDS: must be seconds above 0 with commas between, got {text!r}"
        )
    return waits
