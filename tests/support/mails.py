"""Mails as their readers get them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage

from services.notify.delivery.mail_format import as_sent

SENDER = Address("Một Cửa", "khong-tra-loi", "motcua.invalid")


COMMON = {
    "procedure": "Cấp Giấy phép bán lẻ rượu",
    "unit": "Sở Công Thương",
    "time_zone": "Asia/Ho_Chi_Minh",
}


def text_of(mail: EmailMessage) -> str:
    """Return a mail's text as its reader gets it."""
    read = message_from_bytes(as_sent(mail), policy=policy.default)
    return str(read.get_content()).replace("\r\n", "\n")
