"""CSV and XES are read row by row."""

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from cli.importing.rows import MALFORMED, Layout, SourceError
from cli.importing.sources import read_rows

XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="none"/></global>
  <string key="concept:name" value="the log"/>
  <trace>
    <string key="concept:name" value="c-1"/>
    <date key="startdate" value="2011-10-11T13:42:22+02:00"/>
    <list key="notes"><string key="inner" value="not a column"/></list>
    <event>
      <string key="concept:name" value="Chấp nhận"/>
      <date key="time:timestamp" value="2011-10-11T13:45:40+02:00"/>
      <int key="cost" value="3"/>
    </event>
    <event><string key="concept:name" value="Send"/></event>
  </trace>
  <trace><string key="concept:name" value="c-2"/><event/></trace>
</log>
"""


def test_csv_rows_are_numbered_as_a_spreadsheet_does_and_keep_line_breaks_in_cells(
    tmp_path: Path,
) -> None:
    """The heading is row 1; a byte order mark is nothing, and a blank line is counted, no row."""
    file = tmp_path / "log.csv"
    file.write_text('\ufeffcase,what\nc-1,"one\ntwo"\n\nc-2,"a, b"\n', encoding="utf-8")
    rows = list(read_rows(file, Layout("csv")))
    assert rows == [
        (2, {"case": "c-1", "what": "one\ntwo"}, ()),
        (4, {"case": "c-2", "what": "a, b"}, ()),
    ]


@pytest.mark.parametrize(
    ("kind", "content", "words"),
    [
        ("csv", "", "is empty"),
        ("xes", "", "is empty"),
        ("csv", "case,what\n\n", "has no rows after the heading"),
        ("xes", "<log/>", "has no events"),
    ],
)
def test_a_file_without_rows_is_told(tmp_path: Path, kind: Any, content: str, words: str) -> None:
    """Whoever gave the wrong file learns it from one line that names the file."""
    file = tmp_path / "log"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=f"^{file}: {words}"):
        list(read_rows(file, Layout(kind)))


@pytest.mark.parametrize("line", ["c-1", "c-1,a,b"])
def test_a_row_with_another_number_of_cells_says_so(tmp_path: Path, line: str) -> None:
    """Such a row is handed on, marked; it is not guessed which cell is missing."""
    file = tmp_path / "log.csv"
    file.write_text(f"case,what\n{line}\n", encoding="utf-8")
    (found,) = read_rows(file, Layout("csv"))
    assert found.values[MALFORMED] == f"has {line.count(',') + 1} cells, the heading has 2"


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("case,what\nc-1,a; b\n", ""),
        ('case;what\nc-1;"a; b"\n', ""),
        ("case\twhat\nc-1\ta; b\n", ""),
        ("case|what\nc-1|a; b\n", "|"),
        ('case;what\rc-1;"a; b"\r', ""),
        ("case,what,,\nc-1,a; b\n\0\0\0\x1a", ""),
        ('case;what\nc-1;"a; b"\n', ";"),
    ],
    ids=["comma", "semicolon", "tab", "another", "return", "filled", "stated"],
)
def test_the_delimiter_is_recognised_or_given(tmp_path: Path, text: str, stated: str) -> None:
    """Semicolons are common where the comma separates decimals."""
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")
    assert list(read_rows(file, Layout("csv", stated))) == [
        (2, {"case": "c-1", "what": "a; b"}, ())
    ]


def test_a_column_is_found_whatever_its_capitals(tmp_path: Path) -> None:
    """It has the name by which it was asked for; a column nobody asks for keeps its own."""
    file = tmp_path / "log.csv"
    file.write_text("CASE , Kết  Quả,Other\nc-1,đồng ý,x\n", encoding="utf-8")
    (row,) = read_rows(file, Layout("csv", columns=frozenset({"case", "kết quả"})))
    assert row.values == {"case": "c-1", "kết quả": "đồng ý", "Other": "x"}


def test_an_empty_byte_in_one_cell_does_not_stop_the_file(tmp_path: Path) -> None:
    """Only its row can't be used."""
    file = tmp_path / "log.csv"
    file.write_text("case,what\nc-1,a\0b\nc-2,c\n", encoding="utf-8")
    assert [row.values["what"] for row in read_rows(file, Layout("csv"))] == ["a\0b", "c"]


def test_xes_traces_give_their_attributes_to_each_of_their_events(tmp_path: Path) -> None:
    """A trace's attributes have ``case:`` before their names; nested ones are left alone."""
    file = tmp_path / "log.xes"
    file.write_text(XES, encoding="utf-8")
    first, second, third = read_rows(file, Layout("xes"))
    assert (first.number, first.values) == (
        1,
        {
            "case:concept:name": "c-1",
            "case:startdate": "2011-10-11T13:42:22+02:00",
            "concept:name": "Chấp nhận",
            "time:timestamp": "2011-10-11T13:45:40+02:00",
            "cost": "3",
        },
    )
    assert second.values["concept:name"] == "Send"
    assert (third.number, third.values) == (3, {"case:concept:name": "c-2"})


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.csv", None, "No such file"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "has the column 'a' twice"),
        ("latin.csv", b"a,b\n\xe9,2\n", "can't be read as csv"),
        ("quote.csv", b'a,b\n"x"y,2\n', "line 2"),
        ("cut.xes", b"<log><trace>", "can't be read as xes"),
        ("dtd.xes", b'<!DOCTYPE log [<!ENTITY a "b">]><log/>', "document type definition"),
    ],
)
def test_a_file_that_can_not_be_read_says_why_on_one_line(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    """The text names the file and what is wrong with it."""
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    kind: Any = file.suffix[1:]
    with pytest.raises(SourceError, match=words) as problem:
        list(read_rows(file, Layout(kind, columns=frozenset("a"))))
    assert str(file) in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_sheet_of_a_workbook_is_read(tmp_path: Path) -> None:
    """Dates are told as what they are: a day, or an instant; blank rows and columns are none."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["case", "due", "time", "copies", None])
    moment = datetime.fromisoformat("2021-06-07 08:10")
    sheet.append(["c-1", date(2021, 6, 14), moment, 2.0])
    sheet.append([])
    sheet.append(["c-2", None, None, 1.5])
    book.create_sheet("other").append(["case"])
    file = tmp_path / "log.xlsx"
    book.save(file)
    assert list(read_rows(file, Layout("xlsx"))) == [
        (2, {"case": "c-1", "due": "2021-06-14", "time": "2021-06-07T08:10:00", "copies": "2"}, ()),
        (4, {"case": "c-2", "due": "", "time": "", "copies": "1.5"}, ()),
    ]
    with pytest.raises(SourceError, match="has no rows after the heading"):
        list(read_rows(file, Layout("xlsx", sheet="other")))
    with pytest.raises(SourceError, match="has no sheet 'third'"):
        list(read_rows(file, Layout("xlsx", sheet="third")))
    file.write_bytes(b"no workbook")
    with pytest.raises(SourceError, match="can't be read as xlsx"):
        list(read_rows(file, Layout("xlsx")))


def test_utf_16_without_its_mark_is_told(tmp_path: Path) -> None:
    """It would be read as letters with empty ones between."""
    file = tmp_path / "log.csv"
    file.write_bytes("case,what\nc-1,ệ\n".encode("utf-16-le"))
    with pytest.raises(SourceError, match="looks like UTF-16 without its mark"):
        list(read_rows(file, Layout("csv")))
    (row,) = read_rows(file, Layout("csv", encoding="utf-16"))
    assert row.values == {"case": "c-1", "what": "ệ"}


def test_a_cut_packed_log_says_so(tmp_path: Path) -> None:
    """The text names the file."""
    file = tmp_path / "log.xes.gz"
    file.write_bytes(gzip.compress(XES.encode())[:60])
    with pytest.raises(SourceError, match="can't be read as xes"):
        list(read_rows(file, Layout("xes")))


def test_blank_rows_above_the_heading_are_counted_and_are_none(tmp_path: Path) -> None:
    """As are they in a sheet."""
    file = tmp_path / "log.csv"
    file.write_text("\n;;\ncase;what\nc-1;a\n", encoding="utf-8")
    assert [row.number for row in read_rows(file, Layout("csv"))] == [4]
    book = Workbook()
    sheet = book.worksheets[0]
    sheet["B3"], sheet["B4"] = "case", "c-1"
    book.save(tmp_path / "log.xlsx")
    (row,) = read_rows(tmp_path / "log.xlsx", Layout("xlsx"))
    assert (row.number, row.values["case"]) == (4, "c-1")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_stated_utf_16_is_read_in_either_order_of_its_bytes(tmp_path: Path, codec: str) -> None:
    """A file that is not UTF-16 is not read as if it were."""
    file = tmp_path / "log.csv"
    file.write_bytes("case,what\nc-1,Tiếp nhận\n".encode(codec))
    (row,) = read_rows(file, Layout("csv", encoding="utf-16"))
    assert row.values == {"case": "c-1", "what": "Tiếp nhận"}
    file.write_text("case,what\nc-1,Tiếp nhận\n", encoding="utf-8")
    with pytest.raises(SourceError, match="it is not UTF-16"):
        list(read_rows(file, Layout("csv", encoding="utf-16")))


def test_a_sheet_is_read_whatever_size_it_states_and_however_far_its_cells_lie(
    tmp_path: Path,
) -> None:
    """A cell far away is an unlabelled one; numbers are told as far as a spreadsheet keeps them."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["case", "what"])
    sheet.append([12345678901234567, 5])
    sheet["XFD9999"] = "x"
    file = tmp_path / "log.xlsx"
    book.save(file)
    first, far = read_rows(file, Layout("xlsx"))
    assert first.values == {"case": "1.23456789012346E+16", "what": "5"}
    assert (far.number, far.beyond[-1], MALFORMED in far.values) == (9999, "x", True)


def test_a_workbook_that_counts_from_1904_is_told_where_numbers_are_days(tmp_path: Path) -> None:
    """They would be read four years too early; cells with a date format are right."""
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.worksheets[0]
    sheet.append(["case", "day"])
    sheet.append(["c-1", date(2021, 6, 14)])
    file = tmp_path / "log.xlsx"
    book.save(file)
    (row,) = read_rows(file, Layout("xlsx"))
    assert row.values["day"] == "2021-06-14"
    with pytest.raises(SourceError, match="counts its days from 1904"):
        list(read_rows(file, Layout("xlsx", serial_days=True)))


def test_a_damaged_workbook_says_so(tmp_path: Path) -> None:
    """Whatever the library makes of it, and wherever in the file it is."""
    book = Workbook()
    book.worksheets[0].append(["case"])
    book.worksheets[0].append([1])
    whole, damaged = tmp_path / "whole.xlsx", tmp_path / "damaged.xlsx"
    book.save(whole)
    with ZipFile(whole) as source, ZipFile(damaged, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<v>1</v>", b"<v>one</v>"))
    with pytest.raises(SourceError, match="can't be read as xlsx"):
        list(read_rows(damaged, Layout("xlsx")))
