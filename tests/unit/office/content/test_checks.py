"""What is handed in is what it says, and can be opened without harm."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZipFile

import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from office.content import images, packages, pdfs
from office.content.checks import finding
from office.content.findings import Finding
from office.content.kinds import DOCX, ENDINGS, JPEG, PDF, PNG, TIFF, XLSX, media_type_of
from office.forms.choice import FormKind
from office.forms.samples import sample
from office.forms.typesetting import FormTemplates
from tests.support.papers import deflated, package, pdf

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def found(content: bytes, media_type: str) -> Finding:
    """Return the finding on a content."""
    return finding(BytesIO(content), media_type)


def image(kind: str, size: tuple[int, int] = (8, 8), **options: object) -> bytes:
    """Return an image."""
    made = BytesIO()
    Image.new("L", size).save(made, kind, **options)
    return made.getvalue()


def png_that_says(width: int, height: int) -> bytes:
    """Return a PNG whose header names a size, with hardly any content."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    made = b"\x89PNG\r\n\x1a\n"
    for name, data in chunks:
        check = zlib.crc32(name + data)
        made += struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)
    return made


RIGHT = {
    PDF: pdf(b"content"),
    JPEG: image("JPEG"),
    PNG: image("PNG"),
    TIFF: image("TIFF", save_all=True, append_images=[Image.new("L", (9, 9))]),
    DOCX: package(DOCX, **{"word/media/image1.png": image("PNG")}),
    XLSX: package(XLSX, **{"xl/worksheets/sheet1.xml": b"<sheet/>"}),
}


def test_each_kind_that_is_in_order_is_taken() -> None:
    """And each ending has its kind, however it is written."""
    assert set(RIGHT) == set(ENDINGS.values())
    for media_type, content in RIGHT.items():
        assert found(content, media_type) is Finding.NOTHING, media_type
    assert media_type_of("Đơn đề nghị.PDF") == PDF
    assert media_type_of("pdf") is media_type_of("a.pdf.exe") is None


def test_a_content_of_another_kind_than_announced_is_found() -> None:
    """Each under the name of each other one, and what is none of them."""
    for announced in RIGHT:
        for kind, content in RIGHT.items():
            if kind != announced:
                assert found(content, announced) is Finding.OTHER_KIND, (kind, announced)
        for other in (
            b"MZ\x90\0" + bytes(99),
            b"<html><script>",
            EICAR,
            b"\0",
            b"GIF89a" + bytes(9),
        ):
            assert found(other, announced) is Finding.OTHER_KIND, (other, announced)


def test_a_real_form_is_taken() -> None:
    """One that the office prints itself."""
    page = FormTemplates().pdf(FormKind.RECEIPT, sample(FormKind.RECEIPT), 0)
    assert found(page, PDF) is Finding.NOTHING


def test_a_pdf_that_is_protected_is_found() -> None:
    """With a password to open it, or with restrictions alone."""
    for user in ("secret", ""):
        writer = PdfWriter(PdfReader(BytesIO(pdf())))
        writer.encrypt(user, "owner")
        made = BytesIO()
        writer.write(made)
        assert found(made.getvalue(), PDF) is Finding.ENCRYPTED


def test_a_pdf_that_is_broken_is_found() -> None:
    """Cut off anywhere, or without anything in it."""
    whole = pdf(b"content" * 100)
    for length in range(9, len(whole) - 8, 23):
        assert found(whole[:length], PDF) is Finding.BROKEN, length
    assert found(b"%PDF-1.7\n%%EOF\n", PDF) is Finding.BROKEN
    assert found(b"%PDF-1.7\n" + b"junk " * 500 + b"\n%%EOF\n", PDF) is Finding.BROKEN


@pytest.mark.parametrize(
    "action",
    [
        "/OpenAction << /S /JavaScript /JS (app.alert) >>",
        "/OpenAction << /S /Launch /F (cmd.exe) >>",
        "/AA << /WC << /S /JavaScript /JS 4 0 R >> >>",
        "/OpenAction << /S /SubmitForm /F (http://a) >>",
        "/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >>",
    ],
)
def test_a_pdf_that_would_act_is_found(action: str) -> None:
    """Wherever the action stands."""
    assert found(pdf(b"x", catalog=action), PDF) is Finding.UNSAFE


def test_a_pdf_that_unpacks_to_too_much_is_found() -> None:
    """By what it unpacks to, packed twice, or by the size of a picture."""
    bomb = deflated(pdfs.UNPACKED + 2 * 1024 * 1024)
    assert len(bomb) < 2 * 1024 * 1024
    assert found(pdf(bomb, stream="/Filter /FlateDecode"), PDF) is Finding.TOO_COMPLEX
    twice = zlib.compress(deflated(1024 * 1024))
    filters = "/Filter [/FlateDecode /FlateDecode]"
    assert found(pdf(twice, stream=filters), PDF) is Finding.TOO_COMPLEX
    picture = "/Subtype /Image /Width 100000 /Height 100000 /Filter /CCITTFaxDecode"
    assert found(pdf(b"x", stream=picture), PDF) is Finding.TOO_COMPLEX
    right = pdf(zlib.compress(b"text" * 1000), stream="/Filter /FlateDecode")
    assert found(right, PDF) is Finding.NOTHING


@pytest.mark.parametrize("kind", [DOCX, XLSX])
def test_a_document_with_macros_is_found(kind: str) -> None:
    """By its parts, or by what it says that it is."""
    for name in ("word/vbaProject.bin", "xl/vbaProject.bin", "xl/macrosheets/sheet1.xml"):
        assert found(package(kind, **{name: b"x"}), kind) is Finding.MACROS
    says = {"docProps/app.xml": b" " * 300_000 + b"application/vnd.ms-word.document.macroEnabled"}
    assert found(package(kind, **says), kind) is Finding.MACROS


def test_a_document_that_unpacks_to_too_much_is_found() -> None:
    """By what it says, by what comes, and by the number of its entries."""
    size = packages.UNPACKED + 1
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
        with archive.open("word/media/image1.bmp", "w", force_zip64=True) as entry:
            for _ in range(size // 2**20 + 1):
                entry.write(bytes(2**20))
    assert len(made.getvalue()) < 2 * 2**20
    assert found(made.getvalue(), DOCX) is Finding.TOO_COMPLEX
    many = {f"word/{number}.xml": b"" for number in range(packages.ENTRIES)}
    assert found(package(DOCX, **many), DOCX) is Finding.TOO_COMPLEX


def test_a_document_that_lies_about_what_is_in_it_is_found() -> None:
    """A size that is not the one that comes, and a check sum that is wrong."""
    whole = package(DOCX, **{"word/media/a.bin": bytes(5000)})
    at = whole.rindex(b"word/media/a.bin") - 46
    lying = whole[: at + 24] + struct.pack("<I", 7) + whole[at + 28 :]
    assert found(lying, DOCX) in (Finding.BROKEN, Finding.TOO_COMPLEX)
    summed = whole[: at + 16] + struct.pack("<I", 7) + whole[at + 20 :]
    assert found(summed, DOCX) is Finding.BROKEN
    assert found(whole[:-30], DOCX) is Finding.BROKEN


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "word\\..\\a", "word/a.zip", "word/a.exe"]
)
def test_a_document_that_hides_where_its_parts_go_is_found(name: str) -> None:
    """Names that lead out of it, and archives and programs within it."""
    assert found(package(DOCX, **{name: b"x"}), DOCX) is Finding.UNSAFE


def test_a_document_with_entities_of_its_own_is_found() -> None:
    """Wherever the declaration stands, also across two pieces; and packed by another method."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'
    for before in (b"", b" " * (256 * 1024 - 25)):
        assert found(package(DOCX, **{"word/s.xml": before + bomb}), DOCX) is Finding.UNSAFE
    made = BytesIO(package(DOCX))
    with ZipFile(made, "a", ZIP_BZIP2) as archive:
        archive.writestr("word/b.bin", b"x")
    assert found(made.getvalue(), DOCX) is Finding.UNSAFE


def test_a_document_that_is_encrypted_is_found() -> None:
    """As an archive, and as Office does it."""
    whole = bytearray(package(DOCX))
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = whole.index(mark)
        whole[at + flags] |= 1
    assert found(bytes(whole), DOCX) is Finding.ENCRYPTED
    office = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    )
    assert found(office, DOCX) is Finding.ENCRYPTED


def test_an_image_that_is_too_large_is_found_by_its_header() -> None:
    """One that says so, and many frames."""
    assert found(png_that_says(100_000, 100_000), PNG) is Finding.TOO_COMPLEX
    assert found(png_that_says(2_000, 3_000), PNG) is Finding.NOTHING
    frames = [Image.new("1", (1, 1)) for _ in range(images.FRAMES)]
    many = image("TIFF", save_all=True, append_images=frames)
    assert found(many, TIFF) is Finding.TOO_COMPLEX


@pytest.mark.parametrize("kind", [JPEG, PNG, TIFF])
def test_an_image_that_is_broken_is_found(kind: str) -> None:
    """Cut off within its header."""
    assert found(RIGHT[kind][:20], kind) in (Finding.BROKEN, Finding.OTHER_KIND)
