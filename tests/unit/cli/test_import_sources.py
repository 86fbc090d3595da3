"""CSV and XES are read row by row."""

from pathlib import Path

import pytest

from cli.importing.sources import MALFORMED, SourceError, read_rows

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
    rows = list(read_rows(file, "csv"))
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
def test_a_file_without_rows_is_told(tmp_path: Path, kind: str, content: str, words: str) -> None:
    """Whoever gave the wrong file learns it from one line that names the file."""
    file = tmp_path / "log"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=f"^{file}: {words}"):
        list(read_rows(file, kind))


@pytest.mark.parametrize("line", ["c-1", "c-1,a,b"])
def test_a_row_with_another_number_of_cells_says_so(tmp_path: Path, line: str) -> None:
    """Such a row is handed on, marked; it is not guessed which cell is missing."""
    file = tmp_path / "log.csv"
    file.write_text(f"case,what\n{line}\n", encoding="utf-8")
    (found,) = read_rows(file, "csv")
    assert found.values[MALFORMED] == f"has {line.count(',') + 1} cells, the heading has 2"


def test_another_delimiter_may_be_given(tmp_path: Path) -> None:
    """Semicolons are common where the comma separates decimals."""
    file = tmp_path / "log.csv"
    file.write_text("case;what\nc-1;a, b\n", encoding="utf-8")
    assert list(read_rows(file, "csv", ";")) == [(2, {"case": "c-1", "what": "a, b"}, ())]


def test_xes_traces_give_their_attributes_to_each_of_their_events(tmp_path: Path) -> None:
    """A trace's attributes have ``case:`` before their names; nested ones are left alone."""
    file = tmp_path / "log.xes"
    file.write_text(XES, encoding="utf-8")
    first, second, third = read_rows(file, "xes")
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
    with pytest.raises(SourceError, match=words) as problem:
        list(read_rows(file, file.suffix[1:]))
    assert str(file) in str(problem.value)
    assert "\n" not in str(problem.value)
