"""Files that mean harm, or were mangled on their way, get a clear answer at bounded cost."""

from __future__ import annotations

import io
import json
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest

from office.catalogue.files import reader
from office.catalogue.files.additions import check_addition, extended_catalogue
from office.catalogue.files.document import all_entries
from office.catalogue.files.file_errors import ProcedureFileError
from office.catalogue.files.reader import read_file
from office.catalogue.files.writer import write
from tests.support.procedure_files import DOCUMENT, document, empty, saved

HEADING = "row,procedure,version,code,name_vi,name_en"


def refused(path: Path) -> list[tuple[int, str, str]]:
    """Return the rows, columns and rules for which a file is refused."""
    with pytest.raises(ProcedureFileError) as caught:
        check_addition(read_file(path), empty())
    return [(f.row, f.where, f.rule) for f in caught.value.mistakes]


def file(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(**members: bytes) -> bytes:
    """Pack members into an archive that calls itself a workbook."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return raw.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "x", (0, "file", "file.kind")),
        ("a.csv", "", (0, "file", "file.empty")),
        ("a.csv", HEADING, (0, "file", "file.empty")),
        ("a.csv", "ma thu tuc,ten\n", (1, "ma thu tuc", "heading.unknown")),
        ("a.csv", f"{HEADING},row\n", (1, "row", "heading.twice")),
        ("a.csv", "row,version,name_vi,name_en\n", (1, "procedure", "heading.missing")),
        ("a.csv", f"{HEADING}\nfield,,,G1,a\0b,c\n", (2, "name_vi", "file.nul")),
        ("a.csv", f'{HEADING}\nfield,,,G1,"a,c\n', (2, "file", "file.csv")),
        ("a.csv", f"{HEADING}\nfield,,,G1,a,c,d\n", (2, "column 7", "heading.unknown")),
        ("a.csv", HEADING.encode("utf-16"), (0, "file", "file.encoding")),
        ("a.csv", f"{HEADING}\nfield,,,G1,Thương mại,c".encode("cp1258", "replace"),
         (0, "file", "file.encoding")),
        ("a.csv", f"{HEADING}\nfield,,,G1,{'x' * 40_000},c\n", (2, "name_vi", "cell.long")),
        ("a.json", "{", (0, "file", "file.json")),
        ("a.json", "[]", (0, "format", "file.shape")),
        ("a.json", '{"format": "other"}', (0, "format", "file.shape")),
        ("a.json", "[" * 100_000, (0, "file", "file.json")),
        ("a.json", '{"format": NaN}', (0, "file", "file.json")),
        ("a.json", '{"x": 1' + "0" * 5_000 + "}", (0, "file", "file.json")),
        ("a.json", '{"format": "motcua-procedures/1"}', (0, "file", "file.empty")),
        ("a.json", '{"format": "motcua-procedures/1", "fields": {}}', (0, "fields", "list")),
        ("a.json", '{"format": "motcua-procedures/1", "fields": [1]}',
         (1, "field", "object")),
        ("a.xlsx", "no archive", (0, "file", "file.xlsx")),
        ("a.xlsx", workbook(hello=b"x"), (0, "file", "file.xlsx")),
        ("a.xlsx", b"\xd0\xcf\x11\xe0 locked by a password", (0, "file", "file.xlsx")),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(
    tmp_path: Path, name: str, content: str | bytes, expected: tuple[int, str, str]
) -> None:
    """A file of another kind, cut off or mangled, is refused with the place and the rule."""
    assert expected in refused(file(tmp_path, name, content))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is told like a wrong one."""
    assert refused(tmp_path / "nothing.csv") == [(0, "file", "file.unreadable")]


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is refused after reading no more than the limit."""
    path = tmp_path / "large.csv"
    with path.open("wb") as made:
        made.truncate(2**40)  # a terabyte of nothing, which takes no room
    tracemalloc.start()
    try:
        assert refused(path) == [(0, "file", "file.big")]
        assert tracemalloc.get_traced_memory()[1] < 3 * reader.MOST_BYTES
    finally:
        tracemalloc.stop()


def test_a_workbook_of_many_cells_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Empty cells take four bytes each and microseconds to read: they are counted before."""
    path = tmp_path / "procedures.xlsx"
    monkeypatch.setattr(reader, "load_workbook", None)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", "<row>" + "<c/>" * reader.MOST_TAGS + "</row>")
    assert refused(path) == [(0, "file", "file.cells")]


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """An archive that would unpack to gigabytes is refused by what it says of itself, unopened."""
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/sharedStrings.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(200):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    tracemalloc.start()
    try:
        assert refused(path) == [(0, "file", "file.unpacked")]
        assert tracemalloc.get_traced_memory()[1] < 2 * reader.MOST_BYTES
    finally:
        tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    """A member that unpacks to more than its directory says is refused at what it said."""
    path = tmp_path / "liar.xlsx"
    made = extended_catalogue(empty(), check_addition(read_file(saved(tmp_path)), empty()), "1")
    source = zipfile.ZipFile(io.BytesIO(write("xlsx", *all_entries(made))))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for info in source.infolist():
            content = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                content = content.replace(b"</sheetData>", b" " * 2**26 + b"</sheetData>")
            packed.writestr(info.filename, content)
    raw = bytearray(path.read_bytes())
    size = 2**26
    with zipfile.ZipFile(path) as packed:
        size = packed.getinfo("xl/worksheets/sheet1.xml").file_size
    lie = (1_000).to_bytes(4, "little")
    raw = bytearray(bytes(raw).replace(size.to_bytes(4, "little"), lie))
    path.write_bytes(raw)

    assert refused(path) == [(0, "file", "file.xlsx")]


def test_entities_of_a_workbook_are_not_expanded(tmp_path: Path) -> None:
    """Entities that multiply themselves (a billion laughs) and entities of files are refused."""
    made = extended_catalogue(empty(), check_addition(read_file(saved(tmp_path)), empty()), "1")
    source = zipfile.ZipFile(io.BytesIO(write("xlsx", *all_entries(made))))
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "/etc/passwd">]>'
    members = {info.filename: source.read(info) for info in source.infolist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    start = sheet.index(b"<worksheet")
    members["xl/worksheets/sheet1.xml"] = laughs + sheet[start:].replace(b"field", b"&b;&c;")

    path = file(tmp_path, "laughs.xlsx", workbook(**members))
    assert refused(path) == [(0, "file", "file.xlsx")]


def test_a_million_columns(tmp_path: Path) -> None:
    """A line of a million cells is refused by the number of columns, in CSV as in the heading."""
    commas = "," * 1_000_000
    heading = file(tmp_path, "heading.csv", f"{HEADING}{commas}x\n")
    line = file(tmp_path, "line.csv", f"{HEADING}\nfield,,,G1,a,b{commas}x\n")
    full = file(tmp_path, "full.csv", f"{HEADING}\nfield,,,G1,a,b{',x' * 1_000_000}\n")

    assert refused(full)[0] == (2, "file", "file.columns")
    for path in (heading, line):  # what is empty beyond the hundredth column says nothing
        assert read_or_refused(path)


def read_or_refused(path: Path) -> bool:
    """Check that a file is answered at all."""
    try:
        read_file(path)
    except ProcedureFileError:
        return True
    return True


def test_millions_of_mistakes_are_cut_off(tmp_path: Path) -> None:
    """A file of nothing but mistakes is given up after a thousand."""
    path = file(tmp_path, "wrong.csv", f"{HEADING}\n" + "fees,,,,,\n" * 200_000)

    assert len(refused(path)) == 1000


def test_decomposed_text_is_composed_and_told(tmp_path: Path) -> None:
    """Vietnamese in the decomposed form, as some systems write it, becomes the usual one."""
    text = unicodedata.normalize("NFD", json.dumps(document(), ensure_ascii=False))
    assert text != unicodedata.normalize("NFC", text)
    found = read_file(file(tmp_path, "nfd.json", text))

    assert found.versions[0].name_vi == "Cấp giấy phép"
    assert found.reader.corrections.composed > 0


def test_numbers_of_other_scripts_are_no_numbers(tmp_path: Path) -> None:
    """Digits that look right and are others are refused."""
    made = document({"version": "١"})
    assert (1, "version", "number") in refused(file(tmp_path, "digits.json", json.dumps(made)))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("expected", ["", "sep={}"])
def test_every_usual_csv_is_read(
    tmp_path: Path, mark: bytes, delimiter: str, end: str, expected: str
) -> None:
    """With and without its mark, with comma, semicolon or tab, with either end of line."""
    lines = [expected.format(delimiter)] if expected else []
    lines += [
        delimiter.join(HEADING.split(",")),
        delimiter.join(["field", "", "", "G1", '"Thương ""mại"""', "Trade"]),
    ]
    path = file(tmp_path, "usual.csv", mark + (end.join(lines) + end).encode())

    assert read_file(path).fields[0].name_vi == 'Thương "mại"'


def test_rows_are_counted_with_line_ends_in_cells(tmp_path: Path) -> None:
    """A cell of several lines does not shift the rows of what follows."""
    text = f'{HEADING}\nfield,,,G1,"a\nb",c\nfield,,,g 2,d,e\n'

    assert refused(file(tmp_path, "lines.csv", text)) == [(4, "code", "text.pattern")]


def test_the_document_of_the_tests_is_right(tmp_path: Path) -> None:
    """What the other tests make wrong is right before."""
    path = file(tmp_path, "right.json", json.dumps(DOCUMENT))

    assert len(check_addition(read_file(path), empty(), {"standard"}).versions) == 1
