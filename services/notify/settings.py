"""The settings of notify."""

from __future__ import annotations

import math
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Final

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator

from kernel.config.environment import Port, read_by
from kernel.config.loopback import is_loopback
from kernel.config.settings import Settings
from kernel.config.tls_files import check_authorities
from office.ledger import LedgerSettings
from office.ports import PORTS
from office.settings import PeopleSettings, portal_address
from services.notify.delivery.mail_format import mailbox
from services.notify.delivery.smtp_client import Security, Tls
from services.notify.domain.retry_schedule import RETRY_SCHEDULE

DEFAULT_SENDER: Final = "Một Cửa <khong-tra-loi@motcua.invalid>"


def _sender(text: str) -> Address:
    sender = mailbox(*parseaddr(text))
    if sender is None or not text.isprintable() or not sender.addr_spec.isascii():
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


class NotifySettings(PeopleSettings, LedgerSettings, Settings):
    """All variables of notify."""

    service: str = "notify"
    port: Port = Field(PORTS["notify"], validation_alias="NOTIFY_PORT")
    smtp_host: str = Field(
        "127.0.0.1", validation_alias=AliasChoices("SMTP_HOST", "MOTCUA_SMTP_HOST")
    )
    smtp_port: Port = Field(2525, validation_alias=AliasChoices("SMTP_PORT", "MOTCUA_SMTP_PORT"))
    smtp_tls: Tls = Field("offered", validation_alias="SMTP_TLS", validate_default=True)
    smtp_ca: Path | None = Field(None, validation_alias="SMTP_CA")
    smtp_username: str = Field("", validation_alias="SMTP_USERNAME")
    smtp_password: SecretStr = Field(SecretStr(""), validation_alias="SMTP_PASSWORD")
    sender: Annotated[Address, read_by(_sender)] = Field(
        _sender(DEFAULT_SENDER), validation_alias="NOTIFY_SENDER"
    )
    """Who mails come from."""
    portal_url: Annotated[str, read_by(portal_address)] = Field(
        "", validation_alias="NOTIFY_PORTAL_URL"
    )
    """Where a citizen looks a dossier up; empty: letters name the counter."""
    retry_seconds: Annotated[tuple[float, ...], read_by(_waits)] = Field(
        RETRY_SCHEDULE, validation_alias="NOTIFY_RETRY_SECONDS"
    )
    """Seconds after each attempt; never empty."""

    @property
    def smtp_security(self) -> Security:
        """How the connection to the mail server is secured."""
        password = self.smtp_password.get_secret_value()
        return Security(self.smtp_tls, self.smtp_ca, self.smtp_username, password)

    @field_validator("smtp_tls")
    @classmethod
    def _mail_not_in_the_clear(cls, tls: Tls, others: ValidationInfo) -> Tls:
        elsewhere = not is_loopback(others.data.get("smtp_host", ""))
        if tls == "offered" and elsewhere and others.data.get("mode") == "production":
            rule = "must be starttls or implicit in production"
            raise ValueError(f"{rule}, since SMTP_HOST is not this machine")
        return tls

    @field_validator("smtp_ca")
    @classmethod
    def _holds_mail_authorities(cls, file: Path | None) -> Path | None:
        if file is not None:
            check_authorities(file)
        return file

    @field_validator("smtp_username")
    @classmethod
    def _over_tls(cls, username: str, others: ValidationInfo) -> str:
        if username and others.data.get("smtp_tls") == "offered":
            raise ValueError("must not be sent in the clear: set SMTP_TLS to starttls or implicit")
        return username

    @field_validator("smtp_password")
    @classmethod
    def _whole_login(cls, password: SecretStr, others: ValidationInfo) -> SecretStr:
        if bool(password) != bool(others.data.get("smtp_username")):
            raise ValueError("must be set together with SMTP_USERNAME")
        return password
