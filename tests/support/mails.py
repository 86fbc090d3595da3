"""Mails as their readers get them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address

from services.notify.delivery.mail_format import Mail, as_sent, mailbox

SENDER = Address("Một Cửa", "khong-tra-loi", "motcua.invalid")


COMMON = {
    "procedure": "Cấp Giấy phép bán lẻ rượu",
    "unit": "Sở Công Thương",
    "time_zone": "Asia/Ho_Chi_Minh",
}


HEADERS = (
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
"""The headers of every mail, in order."""


def _word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


ENCODED_NAMES = {
    "body": _word(
        "Mau\nReply-To: ke@example.com\nContent-Type: text/plain\n\nThu gia mao: tra tien"
    ),
    "header": _word("Mau\nX-Evil: 1"),
    "quoted": "=?utf-8?q?Mau=0D=0ABcc:_ke@example.com?=",
    "two words": "=?utf-8?q?A?= =?utf-8?q?=0D=0AB:_k?=",
    "another name": "=?utf-8?q?Ban_Quan_Ly?=",
    "null": "=?utf-8?q?=00?=",
    "carriage return": "=?us-ascii?Q?A=0DBcc:_ke@example.com?=",
    "bad bytes": "=?utf-8?q?=FF=0A?=",
    "unknown charset": "=?x-none?b?QQpCOiBr?=",
    "language": "=?utf-8*vi?q?A=0AB:_k?=",
    "line separator": "=?utf-8?q?A=E2=80=A8B:_k?=",
    "in a word": "Nguyen=?utf-8?q?A=0AB:_k?=Anh",
    "in quotes": '"=?utf-8?q?A=0AB:_k?=" (=?utf-8?q?=0A?=)',
    "not closed": "=?utf-8?q?A=0AB:_k",
    "encoded twice": _word(_word("A\nB: k")),
    "long": _word("A\nB: k" * 20) + " " + _word("\r\n\r\nC" * 9),
    "beside a letter": "Mỷ =?utf-8?q?=0D=0ABcc:_ke@example.com?=",
    "group": "=?utf-8?q?Ban:_a@example.com;?=, <b@example.com>",
}
"""Names with encoded words (RFC 2047), in which line breaks and other signs are hidden."""


def mail_to(
    name: str, address: str = "my@example.vn", subject: str = "Hồ sơ", sender: Address = SENDER
) -> Mail:
    """Return a mail to somebody, with dots at the beginning of its lines."""
    recipient = mailbox(name, address)
    assert recipient
    return Mail(
        sender=sender,
        recipient=recipient,
        subject=subject,
        date=datetime(2021, 8, 9, 9, tzinfo=UTC),
        message_id="m-1@motcua.invalid",
        language="vi",
        text=".\n..\nxin chào\n",
    )


def headers_of(raw: bytes) -> dict[str, str]:
    """Return the headers of a mail by name, unfolded, as they came over the wire.

    Raise ``AssertionError`` for one that comes twice, a line that is none, or bytes that are not
    printable ASCII.
    """
    head, _, _ = raw.partition(b"\r\n\r\n")
    lines = head.decode("ascii").replace("\r\n ", " ").split("\r\n")
    found = dict(line.split(": ", 1) for line in lines)
    assert len(found) == len(lines)
    assert all(line.isprintable() for line in lines)
    return found


def decoded(text: str) -> str:
    """Return a header's text as readers show it, by the older of Python's two readers: the newer
    one breaks long names.
    """
    return str(make_header(decode_header(text)))


def text_of(mail: Mail) -> str:
    """Return a mail's text as its reader gets it."""
    read = message_from_bytes(as_sent(mail), policy=policy.default)
    return str(read.get_content()).replace("\r\n", "\n")
