"""DOCX and XLSX: archives whose entries are read through, and kept nowhere."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from office.content.findings import Finding, Found
from office.content.kinds import DOCX, XLSX

ENTRIES: Final = 5_000
UNPACKED: Final = 512 * 1024 * 1024
"""Bytes of all entries together."""
_PIECE: Final = 256 * 1024
_MAIN: Final = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml"}
_ENCRYPTED: Final = 0x1
_MACRO_PARTS: Final = ("vbaproject.bin", "vbadata.xml", "xl/macrosheets/")
_ARCHIVES: Final = (".zip", ".rar", ".7z", ".gz", ".docm", ".xlsm", ".jar", ".exe", ".js", ".vbs")
_DOCTYPES: Final = ("<!DOCTYPE".encode("ascii"), "<!DOCTYPE".encode("utf-16-le"))


def look(content: BytesIO, media_type: str) -> None:
    """Raise ``Found`` when a document is not one that can be opened without harm."""
    try:
        with ZipFile(content) as archive:
            entries = archive.infolist()
            _look_at_names(entries, media_type)
            unpacked = 0
            for entry in entries:
                unpacked = _look_at_entry(archive, entry, unpacked)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeError) as fault:
        raise Found(Finding.BROKEN) from fault


def _look_at_names(entries: list[ZipInfo], media_type: str) -> None:
    if len(entries) > ENTRIES or sum(entry.file_size for entry in entries) > UNPACKED:
        raise Found(Finding.TOO_COMPLEX)
    names = [entry.filename.lower() for entry in entries]
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Found(Finding.ENCRYPTED)
    if any(part in name for name in names for part in _MACRO_PARTS):
        raise Found(Finding.MACROS)
    if any(name.startswith("/") or ".." in name.split("/") or "\\" in name for name in names):
        raise Found(Finding.UNSAFE)
    if any(name.endswith(_ARCHIVES) for name in names):
        raise Found(Finding.UNSAFE)
    if len(set(names)) != len(names):
        raise Found(Finding.UNSAFE)  # what one program opens, another one does not see
    if "[content_types].xml" not in names or _MAIN[media_type] not in names:
        raise Found(Finding.OTHER_KIND)


def _look_at_entry(archive: ZipFile, entry: ZipInfo, unpacked: int) -> int:
    """Read an entry through, and return how much has been unpacked by then."""
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise Found(Finding.UNSAFE)
    is_xml = entry.filename.lower().endswith((".xml", ".rels"))
    before = b""
    with archive.open(entry) as part:
        while piece := part.read(_PIECE):
            unpacked += len(piece)
            if unpacked > UNPACKED:
                raise Found(Finding.TOO_COMPLEX)
            if not is_xml:
                continue
            text = before + piece
            if any(mark in text for mark in _DOCTYPES):
                raise Found(Finding.UNSAFE)
            if b"macroEnabled" in text:
                raise Found(Finding.MACROS)
            before = piece[-32:]
    return unpacked
