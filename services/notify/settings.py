"""The settings of notify."""

from __future__ import annotations

import math
import re
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Annotated, Final

from pydantic import AliasChoices, Field

from kernel.config.environment import Port, read_by
from kernel.config.settings import Settings
from office.ports import PORTS
from office.settings import PeopleSettings
from services.notify.delivery.mail_format import mailbox
from services.notify.domain.retry_schedule import RETRY_SCHEDULE

DEFAULT_SENDER: Final = "Một Cửa <khong-tra-loi@motcua.invalid>"


def _sender(text: str) -> Address:
    sender = mailbox(*parseaddr(text))
    if sender is None or not text.isprintable():
        raise ValueError(f"must be like {DEFAULT_SENDER!r}, got {text!r}")
    return sender


def _waits(text: str) -> tuple[float, ...]:
    try:
        waits = tuple(float(part) for part in text.split(","))
    except ValueError:
        waits = ()
    if not waits or not all(math.isfinite(wait) and wait > 0 for wait in waits):
        raise ValueError(f"must be seconds above 0 with commas between, got {text!r}")
    return waits


def _portal(text: str) -> str:
    if text and not re.fullmatch(r"https?://[!-~]{1,200}", text):
        raise ValueError(f"must be like 'https://dichvucong.hagiang.gov.vn', got {text!r}")
    return text


class NotifySettings(PeopleSettings, Settings):
    """All variables of notify."""

    service: str = "notify"
    port: Port = Field(PORTS["notify"], validation_alias="NOTIFY_PORT")
    smtp_host: str = Field(
        "127.0.0.1", validation_alias=AliasChoices("SMTP_HOST", "MOTCUA_SMTP_HOST")
    )
    smtp_port: Port = Field(2525, validation_alias=AliasChoices("SMTP_PORT", "MOTCUA_SMTP_PORT"))
    sender: Annotated[Address, read_by(_sender)] = Field(
        _sender(DEFAULT_SENDER), validation_alias="NOTIFY_SENDER"
    )
    """Who mails come from."""
    portal_url: Annotated[str, read_by(_portal)] = Field("", validation_alias="NOTIFY_PORTAL_URL")
    """Where a citizen looks a dossier up; empty: letters name the counter."""
    retry_seconds: Annotated[tuple[float, ...], read_by(_waits)] = Field(
        RETRY_SCHEDULE, validation_alias="NOTIFY_RETRY_SECONDS"
    )
    """Seconds after each attempt; never empty."""
