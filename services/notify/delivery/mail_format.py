"""How mails are serialised for SMTP.

Python's own folding of headers loses the space between two encoded words, or puts none between them
(CPython issues 92081 and 144156): «bị trễ hẹn» arrives as «bịtrễ hẹn», or is refused. So headers
with other than ASCII letters are written by the older ``email.header``, which keeps every space
within the encoded words.
"""

from __future__ import annotations

from email.header import Header
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

CRLF = "\r\n"


class _Policy(EmailPolicy):
    """SMTP's policy, with headers that keep their spaces."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write one header, with its line ends."""
        if str(value).isascii():
            return super().fold_binary(name, value)
        if isinstance(value, AddressHeader):
            (address,) = value.addresses
            text = f"{_encoded(name, address.display_name)}{CRLF} <{address.addr_spec}>"
        else:
            text = _encoded(name, str(value))
        return f"{name}: {text}{CRLF}".encode("ascii")


_POLICY = _Policy(linesep=CRLF)


def as_sent(mail: EmailMessage) -> bytes:
    """Return the bytes of a mail, all ASCII, with SMTP's line ends; addresses must be ASCII."""
    return mail.as_bytes(policy=_POLICY)


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", header_name=name).encode(linesep=CRLF)
