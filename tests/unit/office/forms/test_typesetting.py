"""Templates and their pages: letters, hostile texts, many papers, and templates with mistakes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from kernel.documents.mistakes import DocumentError
from office.forms.choice import FormKind
from office.forms.contents import CONTENTS, PartLine, Receipt, document_of
from office.forms.samples import bare_sample, sample
from office.forms.typesetting import FormTemplates

_LOWER = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
_MILLIMETRES = 72 / 25.4


ABSENT = {
    FormKind.RECEIPT: frozenset[str](),
    FormKind.SUPPLEMENT: {"identity_number"},
    FormKind.REFUSAL: {"identity_number"},
    FormKind.APOLOGY: {"identity_number", "email"},
    FormKind.STOP: {"identity_number"},
}
"""The texts that the circulars' letters have no line for."""


@cache
def _templates() -> FormTemplates:
    return FormTemplates()


def _receipt(**changes: object) -> Receipt:
    made: Receipt = replace(sample(FormKind.RECEIPT), **changes)
    return made


def _pages(content: object, templates: FormTemplates | None = None) -> list[str]:
    page = (templates or _templates()).pdf(FormKind.RECEIPT, content, 0)
    return [page.extract_text() for page in PdfReader(BytesIO(page)).pages]


def _letters(texts: Sequence[str]) -> str:
    """Return the letters without what only breaks lines."""
    return "".join("".join(texts).split()).replace("\u200b", "")


def test_every_vietnamese_letter_is_read_back() -> None:
    """As capitals, too, and the sign of the đồng."""
    letters = f"{_LOWER}{_LOWER.upper()}₫"
    spaced = " ".join(letters[place : place + 7] for place in range(0, len(letters), 7))
    assert letters in _letters(_pages(_receipt(owner=spaced)))


@pytest.mark.parametrize("kind", FormKind)
def test_every_field_is_read_back_letter_by_letter(kind: FormKind) -> None:
    """No text of the sample is lost or changed on the page but those that a letter leaves out."""
    content = sample(kind)
    pdf = _templates().pdf(kind, content, 0)
    page = _letters([page.extract_text() for page in PdfReader(BytesIO(pdf)).pages])
    document = document_of(content)
    shown = {name: value for name, value in document.items() if isinstance(value, str)}
    capitals = {"agency", "agency_above", "signer_title"}
    for name in shown.keys() - {"qr", "barcode"} - ABSENT[kind]:
        value = shown[name].upper() if name in capitals else shown[name]
        assert _letters([value]) in page, name
    lists = ("parts", "phases", "fees")
    for line in (each for name in lists for each in document.get(name, ())):
        for value in line.values():
            assert not isinstance(value, str) or _letters([value]) in page, value


@pytest.mark.parametrize("kind", list(CONTENTS))
def test_the_same_form_has_the_same_bytes(kind: FormKind) -> None:
    """Whoever prints it, and however often; another instant makes another file."""
    first = FormTemplates().pdf(kind, sample(kind), 1_628_500_000)
    assert _templates().pdf(kind, sample(kind), 1_628_500_000) == first
    assert _templates().pdf(kind, sample(kind), 1_628_500_001) != first


@pytest.mark.parametrize("kind", list(CONTENTS))
def test_forms_are_on_a5(kind: FormKind) -> None:
    """As the circulars say."""
    for content in (sample(kind), bare_sample(kind)):
        box = PdfReader(BytesIO(_templates().pdf(kind, content, 0))).pages[0].mediabox
        size = (round(box.width / _MILLIMETRES), round(box.height / _MILLIMETRES))
        assert size == (148, 210)


def test_a_reprint_says_so() -> None:
    """The first print does not."""
    assert "Bản in lại" not in _pages(_receipt(copy=0))[0]
    assert "Bản in lại lần 12" in _pages(_receipt(copy=12))[0]


def test_two_hundred_papers_go_over_several_pages_with_their_heading() -> None:
    """Each is there once, in order, and every page of the table repeats its heading."""
    names = [f"Giấy tờ thứ {number:03}" for number in range(1, 201)]
    pages = _pages(_receipt(parts=tuple(PartLine(name, original=1) for name in names)))
    assert len(pages) > 3
    text = "\n".join(pages)
    places = [text.index(name) for name in names]
    assert places == sorted(places)
    assert all(text.count(name) == 1 for name in names)
    assert all("Tên giấy tờ" in page for page in pages if "Giấy tờ thứ" in page)


@pytest.mark.parametrize(
    "text",
    [
        "N" * 10_000,
        "Nguyễn Thị " * 900,
        '#panic() #read("/etc/passwd") *đậm* _nghiêng_ $x$ `mã` <a> @b \\ // [c] {d}',
        "#let template(form) = none",
        "= Tiêu đề",
        "https://example.vn/" + "a" * 500,
        '"}); \\u0000 {{ ten }} ${jndi:x}',
    ],
)
def test_texts_of_people_are_only_text(text: str) -> None:
    """Very long ones and signs of the template language stand there as they were written."""
    assert _letters([text]) in _letters(_pages(_receipt(owner=text, copy=0)))


def test_controls_and_marks_of_direction_are_left_out() -> None:
    """Nothing on a form is read in another order than it was written."""
    page = _letters(_pages(_receipt(owner="Hoa\u202e gnờưĐ\u2066 \x00\x1b[31m\u200bHồng")))
    assert "HoagnờưĐ[31mHồng" in page


def _mistakes(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(DocumentError) as caught:
        FormTemplates(folder)
    assert caught.value.setting == "MOTCUA_FORMS"
    return [(Path(each.file).name, each.line, each.rule) for each in caught.value.mistakes]


def _own(folder: Path, text: str, name: str = "receipt.typ") -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder


def test_an_offices_own_template_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    """Its words are on the page; the others stay as they are."""
    own = _own(tmp_path, "#let template(form) = page-of(form)[Mẫu riêng: #form.code]\n")
    assert (
        "Mẫu riêng: H22.12-210809-0001" in _pages(sample(FormKind.RECEIPT), FormTemplates(own))[0]
    )


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("[#form.chủ]", "field"),
        ("[#form.ower]", "field"),
        ('[#form.at("ower")]', "typst"),
        ("[#for part in form.parts [#part.nam]]", "typst"),
        ("[#if form.copy == 0 [#nothing]]", "typst"),
        ('[#read("/etc/passwd")]', "reads"),
        ('[#let r = read; #r("x")]', "reads"),
        ('[#import "@preview/tiaoma:0.3.0": qrcode]', "reads"),
        ('[#include "other.typ"]', "reads"),
        ('[#eval("re" + "ad")("x")]', "reads"),
        ("[#dictionary(std)]", "reads"),
        ("[#sys.version]", "reads"),
        ("[#datetime.today().display()]", "reads"),
        ('[#image("logo.png")]', "typst"),
        ("{while true {}}", "typst"),
        ('[#set text(font: "Times New Roman", fallback: false); a]', "typst"),
    ],
)
def test_a_wrong_template_is_refused_with_its_line(tmp_path: Path, line: str, rule: str) -> None:
    """Before it is used: the mistake is on the third line."""
    own = _own(tmp_path, f"// Mẫu của Sở\n#let template(form) = page-of(form,\n{line})\n")
    found = _mistakes(own)
    assert {(file, each) for file, _, each in found} == {("receipt.typ", rule)}
    assert found[0][1] == 3


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Of all files, in both languages; a file of another name is one."""
    _own(tmp_path, "#let template(form) = [\n#form.nme\n#form.cde\n#read(1)]")
    _own(tmp_path, "", "bien-nhan.typ")
    assert _mistakes(tmp_path) == [
        ("bien-nhan.typ", 0, "unknown"),
        ("receipt.typ", 2, "field"),
        ("receipt.typ", 3, "field"),
        ("receipt.typ", 4, "reads"),
    ]
    with pytest.raises(DocumentError) as caught:
        FormTemplates(tmp_path)
    field = caught.value.mistakes[1]
    assert "biểu mẫu không có trường nme" in field.in_language("vi")
    assert "the form has no field nme; it has address, agency" in field.in_language("en")


def test_a_mistake_in_what_all_forms_have_is_told_there(tmp_path: Path) -> None:
    """The office's own ``common.typ`` stands before each template."""
    _own(tmp_path, "// Chung\n#let page-of(form, body) = [#form.code #body]\n", "common.typ")
    found = _mistakes(tmp_path)
    assert ("receipt.typ", "typst") in {(file, rule) for file, _, rule in found}
    _own(tmp_path, "// Chung\n#let x = {\n", "common.typ")
    assert _mistakes(tmp_path)[0] == ("common.typ", 2, "typst")


def test_a_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    """Rather than that the shipped forms are used."""
    assert _mistakes(tmp_path / "none") == [("none", 0, "unreadable")]


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    """It names the file."""
    (tmp_path / "receipt.typ").write_bytes(b"\xff\xfe")
    assert _mistakes(tmp_path) == [("receipt.typ", 0, "unreadable")]
