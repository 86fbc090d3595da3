"""E-mail addresses after RFC 5321 and 5322; names and domains of all scripts (SMTPUTF8, IDNA)."""

from __future__ import annotations

from typing import Final

from email_validator import EmailNotValidError, validate_email

from kernel.rpc.validation.normalizers import Malformed
from office.normalization.texts import malformed

_PRIVATE: Final = frozenset(
    {"corp", "home", "internal", "intranet", "lan", "localdomain", "private"}
)
"""Top-level domains of networks of their own (RFC 6762, appendix G), which no mail goes to."""


def email_address(text: str) -> str | Malformed:
    """Return an address as a mail is sent to it: its domain in lower case, and in ASCII.

    Whether it exists is not asked. The name before the @ may have letters of all scripts (RFC
    6531), which only some mail servers take: see docs/notify.md.
    """
    if "=?" in text:  # the beginning of an encoded word, which a reader of mails would decode
        return malformed("email_address")
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return malformed("email_address")
    top = found.ascii_domain.rpartition(".")[2]
    if len(top) == 1 or top in _PRIVATE:
        return malformed("email_address")
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"
