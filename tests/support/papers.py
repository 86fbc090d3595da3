"""Small real files as people hand them in, and harmful ones."""

from __future__ import annotations

import zipfile
import zlib
from io import BytesIO
from typing import Final

from office.content.kinds import DOCX, XLSX

MAIN: Final = {DOCX: "word/document.xml", XLSX: "xl/workbook.xml"}


def pdf(content: bytes = b"", *, page: str = "", stream: str = "", catalog: str = "") -> bytes:
    """Return a PDF of one page with a stream of bytes; the rest goes into its dictionaries."""
    objects = (
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] {page} >>".encode(),
        f"<< /Length {len(content)} {stream} >>\nstream\n".encode() + content + b"\nendstream",
    )
    made, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return made + head + table + trailer + b"startxref\n%d\n%%%%EOF\n" % len(made)


def pdf_of(size: int, letter: bytes = b"x") -> bytes:
    """Return a PDF of exactly so many bytes."""
    length = size - len(pdf())
    while len(made := pdf(letter * length)) != size:  # the length itself has digits
        length -= len(made) - size
    return made


def package(media_type: str = DOCX, **further: bytes) -> bytes:
    """Return a DOCX or XLSX with further entries."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(MAIN[media_type], "<document/>")
        for name, data in further.items():
            archive.writestr(name, data)
    return made.getvalue()


def deflated(size: int) -> bytes:
    """Return zeros of a size, packed."""
    packing = zlib.compressobj(9)
    piece = bytes(1024 * 1024)
    packed = b"".join(packing.compress(piece) for _ in range(size // len(piece)))
    return packed + packing.flush()
