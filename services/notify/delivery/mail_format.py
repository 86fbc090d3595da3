"""A mail, and the bytes of it that go to an SMTP server.

Python's own folding of headers decodes encoded words that a person typed, and then writes their
line breaks (CPython issue 121650); it also loses the space between two encoded words (92081,
144156). So every header is written here, and none of the values is ever parsed: a text is sent as
it is where it has nothing but harmless signs, and otherwise as encoded words (RFC 2047).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.quoprimime import body_encode
from email.utils import format_datetime
from typing import Final

from office.normalization.email_addresses import email_address

CRLF: Final = "\r\n"
_LINE: Final = 76
"""The longest line with an encoded word (RFC 2047, 2)."""
_FRAME: Final = len("=?utf-8?b??=")
_PLAIN_PHRASE: Final = re.compile(r"[A-Za-z0-9'-]+( [A-Za-z0-9'-]+)*")
_PLAIN_TEXT: Final = re.compile(r"(?!.*=\?)[!-~]+( [!-~]+)*")
_TOKEN: Final = re.compile(r"[!-~]+")
_MAILBOX: Final = re.compile(r"(?!.*=\?)[!#-'*+\-./0-9=?A-Z^-~\u00a1-\U0010ffff]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one recipient. Raise ``ValueError`` for what no header can hold as it is."""

    sender: Address
    recipient: Address
    subject: str
    date: datetime
    message_id: str
    """Without the angle brackets."""
    language: str
    text: str

    def __post_init__(self) -> None:
        addresses = (self.sender.addr_spec, self.recipient.addr_spec)
        if not all(map(_writable, addresses)):
            raise ValueError("an address can't be written to")
        if not all(map(_TOKEN.fullmatch, (self.message_id, self.language))):
            raise ValueError("a header can't be written")

    @property
    def needs_smtputf8(self) -> bool:
        """Return whether only a server that offers SMTPUTF8 (RFC 6531) takes the mail."""
        return not (self.sender.addr_spec + self.recipient.addr_spec).isascii()


def mailbox(name: str, address: str) -> Address | None:
    """Return a named address that a mail can go to; None when the address is none, or several."""
    if not _writable(address):
        return None
    username, _, domain = address.partition("@")
    if not address.isascii():  # of which the parser knows nothing
        return Address(name, username, domain) if email_address(address) == address else None
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, MessageError):
        return None
    if parsed.addr_spec != address:
        return None
    return Address(name, username, domain)


def _writable(address: str) -> bool:
    return address.isprintable() and _MAILBOX.fullmatch(address) is not None


def as_sent(mail: Mail) -> bytes:
    """Return the bytes of a mail, all ASCII but for its addresses, with SMTP's line ends."""
    headers = (
        ("From", _address("From", mail.sender)),
        ("To", _address("To", mail.recipient)),
        ("Subject", _text("Subject", mail.subject, _PLAIN_TEXT)),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", f"<{mail.message_id}>"),
        ("Auto-Submitted", "auto-generated"),
        ("Content-Language", mail.language),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "quoted-printable"),
    )
    head = "".join(f"{name}: {value}{CRLF}" for name, value in headers)
    octets = mail.text.encode("utf-8").decode("latin-1")
    return f"{head}{CRLF}{body_encode(octets, eol=CRLF)}".encode()


def _address(header: str, address: Address) -> str:
    if not address.display_name:
        return address.addr_spec
    name = _text(header, address.display_name, _PLAIN_PHRASE)
    return f"{name}{CRLF} <{address.addr_spec}>"


def _text(header: str, text: str, plain: re.Pattern[str]) -> str:
    used = len(header) + len(": ")
    if not text or (plain.fullmatch(text) and used + len(text) <= _LINE):
        return text
    return f"{CRLF} ".join(_encoded_words(text, used))


def _encoded_words(text: str, used: int) -> Iterator[str]:
    """Yield encoded words of whole characters; a reader drops the blanks between two of them."""
    chunk = b""
    for sign in text:
        octets = sign.encode("utf-8")
        if len(chunk) + len(octets) > (_LINE - used - _FRAME) // 4 * 3:
            yield _encoded_word(chunk)
            chunk, used = b"", 1
        chunk += octets
    yield _encoded_word(chunk)


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{b64encode(octets).decode('ascii')}?="
