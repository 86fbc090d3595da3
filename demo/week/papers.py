"""The papers of the week as PDF: citizens and the counter hand them in, officers open them."""

from __future__ import annotations

import asyncio
import hashlib
from functools import cache
from typing import Final

import typst

from demo.results.own_count import Entry
from demo.week.office_client import OfficeClient, RequestRefused
from demo.week.scenario import Filing

CUT_OFF: Final = "FILE_BROKEN"
"""How a PDF is refused that a bad line or a full stick has cut off."""
_PAGE: Final = """
#set page(paper: "a4", margin: 2.5cm)
#set text(size: 12pt, lang: "vi")
#let paper = sys.inputs
#align(center)[*CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM* \\ Độc lập – Tự do – Hạnh phúc]
#v(1cm)
#align(center)[*#paper.title*]
Họ và tên: #paper.name

Mã hồ sơ: #paper.code

Thủ tục: #paper.procedure
""".encode()


async def hand_in(
    client: OfficeClient, filing: Filing, entry: Entry, pin: str, *, supplement: bool = False
) -> None:
    """Hand in a paper of a dossier: the citizen by the PIN, else the officer who took it in. Every
    fifth is cut off at first, and refused.
    """
    by_citizen = supplement or filing.channel == "online"
    title = "GIẤY TỜ BỔ SUNG" if supplement else "ĐƠN ĐỀ NGHỊ"
    whole = await asyncio.to_thread(_typeset, title, filing, entry.code)
    part = filing.offer.parts[0][0] if filing.offer.parts else ""
    unit = "" if by_citizen else entry.unit
    if filing.number % 5 == 0:
        entry.files_refused += 1
        try:
            await client.hand_in(entry.code, part, whole[: len(whole) // 2], pin, unit)
        except RequestRefused as refused:
            if refused.reason != CUT_OFF:
                raise
        else:
            raise AssertionError("a PDF that is cut off was taken")
    await client.hand_in(entry.code, part, whole, pin, unit)
    entry.files[_sha256(whole)] = len(whole)


async def open_all(client: OfficeClient, entry: Entry) -> None:
    """Open all papers of a dossier as an officer of its unit."""
    for sha256 in entry.files:
        entry.opened[sha256] = _sha256(await client.open_file(entry.code, sha256, entry.unit))


def _typeset(title: str, filing: Filing, code: str) -> bytes:
    made = typst.Compiler(root="/", font_paths=_fonts(), ignore_system_fonts=True).compile(
        _PAGE,
        format="pdf",
        sys_inputs={
            "title": title,
            "name": filing.name,
            "code": code,
            "procedure": filing.offer.code,
        },
        timestamp=0,
    )
    assert isinstance(made, bytes), "there is no output file"
    return made


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
