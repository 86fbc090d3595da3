"""Looks at a content: whether it is what it says, and can be opened without harm.

It reads what strangers have made, and may use any amount of memory and time: call it in a confined
process (``office.content.confined``).
"""

from __future__ import annotations

from io import BytesIO
from typing import Final

import puremagic

from office.content import images, packages, pdfs
from office.content.findings import Finding, Found
from office.content.kinds import DOCX, PDF, XLSX

_HEAD: Final = 4096
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")


def finding(content: BytesIO, media_type: str) -> Finding:
    """Return what is wrong with a content of an announced kind."""
    try:
        _look(content, media_type)
    except Found as found:
        return found.finding
    return Finding.NOTHING


def _look(content: BytesIO, media_type: str) -> None:
    data = content.getbuffer()
    head = data[:_HEAD].tobytes()
    package = media_type in (DOCX, XLSX)
    if package and head.startswith(_OLE) and _LOCKED_PACKAGE in data.tobytes():
        raise Found(Finding.ENCRYPTED)
    if media_type not in _kinds(head):
        raise Found(Finding.OTHER_KIND)
    if package:
        packages.look(content, media_type)
    elif media_type == PDF:
        pdfs.look(content)
    else:
        images.look(content, media_type)


def _kinds(head: bytes) -> set[str]:
    """Return the media types that a beginning may have."""
    try:
        return {match.mime_type for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return set()
