"""Mistakes are told with row, column and rule, all at once, in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from office.catalogue.files.additions import check_addition, extended_catalogue
from office.catalogue.files.columns import COLUMNS
from office.catalogue.files.file_errors import FileMistake, ProcedureFileError
from office.catalogue.files.reader import read_file
from office.catalogue.files.table_format import table_rows
from office.catalogue.files.writer import write
from office.catalogue.messages import TEXTS
from office.catalogue.model import build_catalogue
from tests.support.procedure_files import DOCUMENT, PROCEDURE, UNITS, document, empty, saved

PROCESSES = {"standard"}


def faults(path: Path) -> list[FileMistake]:
    """List what is wrong with a file, by itself and on top of a catalogue without procedures."""
    with pytest.raises(ProcedureFileError) as caught:
        check_addition(read_file(path), empty(), PROCESSES)
    return list(caught.value.mistakes)


def table(folder: Path) -> list[list[str]]:
    """Return the rows of a table with one procedure; its rows are 3 to 7."""
    made = extended_catalogue(empty(), check_addition(read_file(saved(folder)), empty()), "1")
    return list(table_rows(made.fields.values(), made.procedures["1.000001"]))


def in_csv(folder: Path, number: int, column: str, text: str) -> list[FileMistake]:
    """Change one cell of the table (rows count from 1) and list what is wrong then."""
    cells = table(folder)
    cells[number - 1][list(COLUMNS).index(column)] = text
    path = folder / "table.csv"
    path.write_text("\n".join(";".join(row) for row in cells), encoding="utf-8")
    return faults(path)


CELLS = [
    (3, "valid_from", "09/08/2021", "date.local"),
    (3, "valid_from", "44417", "date.excel"),
    (3, "valid_from", "soon", "date"),
    (3, "valid_from", "2021-02-30", "date"),
    (3, "valid_from", "", "missing"),
    (3, "valid_to", "2020-12-31", "dates.order"),
    (3, "level", "4", "choice"),
    (3, "time_limit", "5 days", "duration"),
    (3, "time_limit", "5cd+3 days", "duration"),
    (3, "time_limit", "1cd+1cd+1cd+1cd", "duration"),
    (3, "time_limit", "3wd", "online.limit"),
    (3, "time_limit", "20cd+2wd", "online.limit"),
    (3, "channels", "counter", "online.channel"),
    (3, "channels", "counter fax", "choice"),
    (3, "same_day", "maybe", "yes_no"),
    (3, "same_day", "yes", "same_day.limit"),
    (3, "unit", "H99", "unit.unknown"),
    (3, "units", "H99 commune", "units.unknown"),
    (3, "field", "G99", "field.unknown"),
    (3, "process", "magic", "process.unknown"),
    (3, "process", "Magic!", "text.pattern"),
    (3, "fee_timing", "none", "fees.timing"),
    (3, "version", "1.5", "number"),
    (3, "procedure", "1.1", "text.pattern"),
    (3, "name_vi", "", "missing"),
    (3, "name_vi", "A\u202eB", "text.control"),
    (3, "name_vi", "x" * 501, "text.long"),
    (3, "amount", "5", "cell.unused"),
    (4, "code", "đơn", "text.pattern"),
    (4, "copies", "0", "number.low"),
    (3, "supplement_rounds", "-1", "number.low"),
    (3, "supplement_rounds", "21", "number.high"),
    (3, "supplement_rounds", "once", "number"),
    (3, "supplement_period", "a month", "duration"),
    (3, "supplement_period", "none", "supplement.endless"),
    (4, "copies", "two", "number"),
    (4, "required", "perhaps", "yes_no"),
    (4, "level", "whole", "cell.unused"),
    (4, "version", "3", "row.orphan"),
    (5, "amount", "-1", "number.low"),
    (5, "amount", "5.000", "number"),
    (5, "kind", "tip", "choice"),
    (5, "per", "hour", "choice"),
    (6, "name_en", "", "missing"),
    (7, "code", "", "missing"),
    (3, "row", "procedures", "row.kind"),
    (2, "code", "g 02", "text.pattern"),
]


@pytest.mark.parametrize(("number", "column", "text", "rule"), CELLS)
def test_a_cell_is_named(tmp_path: Path, number: int, column: str, text: str, rule: str) -> None:
    """A wrong cell is told by its row, its column and the rule that it breaks."""
    found = [(f.row, f.where, f.rule) for f in in_csv(tmp_path, number, column, text)]
    place = (3, "online_time_limit") if rule.startswith("online") else (number, column)
    place = (4 if rule == "row.orphan" else place[0], place[1])
    place = (place[0], "procedure" if rule == "row.orphan" else place[1])
    place = (place[0], "time_limit" if rule == "same_day.limit" else place[1])

    assert (*place, rule) in found


FOLLOW_ONS = [
    (3, "row", "procedur", [(3, "row", "row.kind")]),
    (3, "procedure", "1.1", [(3, "procedure", "text.pattern")]),
    (3, "procedure", "", [(3, "procedure", "missing")]),
    (3, "version", "one", [(3, "version", "number")]),
    (3, "channels", "counter onlin", [(3, "channels", "choice")]),
    (3, "time_limit", "5 days", [(3, "time_limit", "duration")]),
    (3, "fee_timing", "befor", [(3, "fee_timing", "choice")]),
    (3, "valid_to", "soon", [(3, "valid_to", "date")]),
    (3, "unit", "", [(3, "unit", "missing")]),
    (2, "name_en", "", [(2, "name_en", "missing")]),
    (2, "row", "fields", [(2, "row", "row.kind")]),
    (4, "row", "parts", [(4, "row", "row.kind")]),
    (4, "code", "đơn", [(4, "code", "text.pattern")]),
    (5, "row", "fees", [(5, "row", "row.kind")]),
    (5, "amount", "much", [(5, "amount", "number")]),
    (1, "valid_from", "valid_form", [(1, "valid_form", "heading.near")]),
    (1, "name_vi", "name_viet", [(1, "name_viet", "heading.near")]),
    (1, "version", "vesion", [(1, "vesion", "heading.near")]),
    (1, "amount", "", [(1, "column 28", "heading.unknown")]),
    (1, "per", "amount", [(1, "amount", "heading.twice")]),
    (7, "name_vi", '"Hộ', [(7, "file", "file.csv")]),
]


@pytest.mark.parametrize(("number", "column", "text", "expected"), FOLLOW_ONS)
def test_what_was_named_is_not_told_again_in_other_words(
    tmp_path: Path, number: int, column: str, text: str, expected: list[tuple[int, str, str]]
) -> None:
    """What hangs on a cell, a row or a column at fault is not told as a mistake of its own."""
    found = in_csv(tmp_path, number, column, text)

    assert [(f.row, f.where, f.rule) for f in found] == expected


HEADING = (
    "row;procedure;version;code;name_vi;name_en;field;unit;units;valid_from;valid_to;level;"
    "time_limit;online_time_limit;channels;result_channels;process;fee_timing;kind;copies;amount;"
    "colour"
)
EVERYTHING = f"""{HEADING}
field;;;g 09;Sai;Wrong
field;;;G09;Đất;Land
field;;;G09;Đất;Land
procedure;1.000009;1;;Một;One;G10;H99;H98 commune;09/08/2021;;4;5wd;5wd;online;fax;magic;none
part;1.000009;1;don;Đơn;Application;;;;;;;;;;;;;paper;0;;
part;1.000009;1;don;Đơn;Application
fee;1.000009;1;;Phí;Fee;;;;;;;;;;;;;phi;;5.000
procedure;1.000009;1;;Một;One;G09;H22.02;;2021-01-01;;partial;5wd;;counter;counter;standard;none
procedure;1.000009;3;;Ba;Three;G09;H22.02;;2021-01-01;;partial;5wd;;counter;counter;standard;before
part;1.000009;3;đ;;Application
procedure;1.1;x;;Hai;Two;;H97;;2021-01-01;;partial;5 days;;counter;counter;Magic!;none
part;1.1;1;don;Đơn;Application;;;;;;;;;;;;;;x
prat;1.000008;3;don;Đơn;Application
procedure;1.000010;1;;Năm;Five;G09;H22.02;;2021-01-01;2020-01-01;partial;5wd;;post;post;standard;none
part;1.000010;1;don;Đơn;Application
fee;1.000011;1;;Phí;Fee;;;;;;;;;;;;;tip;;-1
part;1.000010;1;x;"Đơn
"""


def test_mistakes_of_every_layer_are_named_together(tmp_path: Path) -> None:
    """Of the heading, of cells, of what rows refer to, of what contradicts itself, of versions that
    follow each other, and of the file's end: each once, in one look.
    """
    path = tmp_path / "everything.csv"
    path.write_text(EVERYTHING, encoding="utf-8")
    found = [(f.row, f.where, f.rule) for f in faults(path)]

    assert found == [
        (1, "colour", "heading.unknown"),
        (2, "code", "text.pattern"),
        (4, "code", "repeated"),
        (5, "fee_timing", "fees.timing"),
        (5, "field", "field.unknown"),
        (5, "level", "choice"),
        (5, "online_time_limit", "online.limit"),
        (5, "process", "process.unknown"),
        (5, "result_channels", "choice"),
        (5, "unit", "unit.unknown"),
        (5, "units", "units.unknown"),
        (5, "valid_from", "date.local"),
        (6, "copies", "number.low"),
        (6, "kind", "choice"),
        (7, "code", "repeated"),
        (8, "amount", "number"),
        (9, "version", "repeated"),
        (10, "fee_timing", "fees.none"),
        (10, "version", "versions.next"),
        (11, "code", "text.pattern"),
        (11, "name_vi", "missing"),
        (12, "field", "missing"),
        (12, "procedure", "text.pattern"),
        (12, "process", "text.pattern"),
        (12, "time_limit", "duration"),
        (12, "unit", "unit.unknown"),
        (12, "version", "number"),
        (13, "copies", "number"),
        (14, "row", "row.kind"),
        (15, "valid_to", "dates.order"),
        (17, "amount", "number.low"),
        (17, "kind", "choice"),
        (17, "procedure", "row.orphan"),
        (18, "file", "file.csv"),
    ]


def test_a_period_without_a_supplement_is_named(tmp_path: Path) -> None:
    """Where papers may not be asked for, nobody has time to hand them in."""
    procedure = {**PROCEDURE, "supplement_rounds": 0, "supplement_period": "10cd"}
    path = tmp_path / "none.json"
    path.write_text(json.dumps({**DOCUMENT, "procedures": [procedure]}))

    (found,) = faults(path)
    assert (found.where, found.rule) == ("supplement_period", "supplement.none")


def test_a_wrong_cell_is_told_once(tmp_path: Path) -> None:
    """A cell that can't be read is not told as missing, too."""
    found = in_csv(tmp_path, 3, "valid_from", "soon")

    assert [(f.row, f.where, f.rule) for f in found] == [(3, "valid_from", "date")]


@pytest.mark.parametrize(
    ("changed", "rules"),
    [
        ({"channels": ["counter", "post"], "online_time_limit": None}, ["level.online"]),
        ({"result_channels": ["counter"]}, ["level.result"]),
        (
            {"channels": ["post"], "result_channels": ["counter"], "online_time_limit": None},
            ["level.online", "level.result"],
        ),
    ],
)
def test_a_whole_procedure_needs_no_way_to_the_counter(
    tmp_path: Path, changed: dict[str, Any], rules: list[str]
) -> None:
    """Toàn trình: handed in online, and the result comes online or by post."""
    found = faults(saved(tmp_path, changed))
    assert [(f.row, f.where, f.rule) for f in found] == [(1, "level", r) for r in rules]
    assert all(
        "toàn trình" in f.in_language("vi") and "toàn trình" in f.in_language("en") for f in found
    )

    part = {"level": "partial", **changed}
    assert check_addition(read_file(saved(tmp_path, part)), empty(), PROCESSES).versions


def test_two_rules_that_one_cell_breaks_are_both_told(tmp_path: Path) -> None:
    """In the order of their names, each time."""
    row = {"level": "partial", "online_time_limit": "6wd", "channels": ["counter"]}
    found = [(f.row, f.where, f.rule) for f in faults(saved(tmp_path, row))]

    assert found == [
        (1, "online_time_limit", f"online.{mistake}") for mistake in ("channel", "limit")
    ]


def test_the_same_mistakes_in_a_workbook(tmp_path: Path) -> None:
    """The rows and columns of a workbook are those that Excel shows."""
    from openpyxl import load_workbook

    made = extended_catalogue(empty(), check_addition(read_file(saved(tmp_path)), empty()), "1")
    path = tmp_path / "table.xlsx"
    path.write_bytes(write("xlsx", made.fields.values(), made.procedures["1.000001"]))
    book = load_workbook(path)
    sheet = book["procedures"]
    names = [cell.value for cell in sheet[1]]

    def put(row: int, column: str, value: Any, form: str = "General") -> None:
        cell = sheet.cell(row, names.index(column) + 1)
        cell.value, cell.number_format = value, form

    put(3, "valid_from", 44417)
    put(3, "procedure", 1.00001)
    put(4, "name_vi", "=1+1")
    put(5, "amount", "#REF!")
    sheet.cell(5, names.index("amount") + 1).data_type = "e"
    put(6, "name_en", 7)
    book.save(path)
    found = {(f.row, f.where): f.rule for f in faults(path)}

    assert found[3, "valid_from"] == "date.excel"
    assert found[3, "procedure"] == "code.number"
    assert found[4, "name_vi"] == "cell.formula"
    assert found[5, "amount"] == "cell.error"
    assert (6, "name_en") not in found


def test_days_and_numbers_of_a_workbook_are_taken(tmp_path: Path) -> None:
    """Cells that are dates and numbers in Excel are understood."""
    from datetime import date, datetime

    from openpyxl import load_workbook

    made = extended_catalogue(empty(), check_addition(read_file(saved(tmp_path)), empty()), "1")
    path = tmp_path / "table.xlsx"
    path.write_bytes(write("xlsx", made.fields.values(), made.procedures["1.000001"]))
    book = load_workbook(path)
    sheet = book["procedures"]
    names = [cell.value for cell in sheet[1]]
    for row, column, value, form in [
        (3, "valid_from", datetime(2021, 3, 1), "dd/mm/yyyy"),  # noqa: DTZ001 - Excel's have none
        (3, "version", 1, "General"),
        (3, "same_day", False, "General"),
        (5, "amount", 7000.0, "#,##0"),
    ]:
        cell = sheet.cell(row, names.index(column) + 1)
        cell.value, cell.number_format = value, form
    book.save(path)
    version = check_addition(read_file(path), empty()).versions[0]

    assert version.valid_from == date(2021, 3, 1)
    assert version.fees[0].amount == 7000


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"level": "4"}, "level", "choice"),
        ({"level": None}, "level", "missing"),
        ({"colour": "red"}, "colour", "unknown"),
        ({"parts": []}, "parts", "list.short"),
        ({"parts": "none"}, "parts", "list"),
        ({"parts": [{"code": "a", "name_vi": "A"}]}, "parts.1.name_en", "missing"),
        ({"fees": [{**PROCEDURE["fees"][0], "amount": "much"}]}, "fees.1.amount", "number"),
        ({"exempt": PROCEDURE["exempt"] * 2}, "exempt.2.code", "repeated"),
        ({"code": 1.000001}, "code", "code.number"),
        ({"channels": ["online", 3.5]}, "channels", "text"),
        ({"valid_from": 20210101.5}, "valid_from", "date"),
        ({"fees": None, "exempt": None}, "fee_timing", "fees.none"),
        ({"fees": None, "fee_timing": "none"}, "exempt.1.code", "exempt.none"),
    ],
)
def test_json_is_told_by_its_path(
    tmp_path: Path, changes: dict[str, Any], column: str, rule: str
) -> None:
    """In JSON the row is the entry's number, and the column the path of the value."""
    found = [(f.row, f.where, f.rule) for f in faults(saved(tmp_path, {"code": "9.9"}, changes))]

    assert (2, column, rule) in found
    assert (1, "code", "text.pattern") in found  # and the other entry's, at the same time


def test_repeated_entries_are_named(tmp_path: Path) -> None:
    """Two rows of one version, and two fields of one code, are told."""
    path = saved(tmp_path, {}, {})
    assert [f.rule for f in faults(path)] == ["repeated"]
    made = document()
    made["fields"] *= 2
    path.write_text(json.dumps(made), encoding="utf-8")
    assert [(f.where, f.rule) for f in faults(path)] == [("code", "repeated")]


def test_a_misspelt_key_is_one_mistake(tmp_path: Path) -> None:
    """It is not told as missing, too."""
    parts = [{"code": "a", "name_vi": "A", "nam_en": "A"}]
    path = saved(tmp_path, {"unit": None, "unti": "H22.02", "parts": parts})
    assert [(f.where, f.rule) for f in faults(path)] == [
        ("parts.1.nam_en", "unknown.near"),
        ("unti", "unknown.near"),
    ]


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ('{"a": 1,\n "b" 2}', "dòng 2, cột 6: thiếu dấu hai chấm", "line 2, column 6: a colon is"),
        ('{"a": 1 "b": 2}', "dòng 1, cột 9: thiếu dấu phẩy", "line 1, column 9: a comma is"),
        ('{"a": 1,}', "dòng 1, cột ", "line 1, column "),
        ('{"a": x}', "dòng 1, cột 7: thiếu một giá trị", "line 1, column 7: a value is missing"),
        ('{"a": "x}', "dòng 1, cột 7: ngoặc kép chưa đóng", "line 1, column 7: a quotation mark"),
        ("{} {}", "dòng 1, cột 4: còn nội dung", "line 1, column 4: after the end"),
        ('{"a": NaN}', "NaN không phải giá trị", "NaN is no value"),
        ("[" * 100_000, "lồng quá sâu", "is nested too deeply"),
    ],
)
def test_what_is_no_json_is_said_in_both_languages(
    tmp_path: Path, text: str, vi: str, en: str
) -> None:
    """With line and column, and without the words of a library."""
    path = tmp_path / "wrong.json"
    path.write_text(text)
    (found,) = faults(path)

    assert found.text.vi.startswith(f"không phải JSON: {vi}")
    assert found.text.en.startswith(f"is no JSON: {en}")
    assert "Expecting" not in found.text.en


def test_every_mistake_has_both_languages(tmp_path: Path) -> None:
    """A Vietnamese and an English sentence go with each mistake, and differ."""
    for number, column, text, _ in CELLS:
        for fault in in_csv(tmp_path, number, column, text):
            assert fault.text.vi
            assert fault.text.en
            assert fault.text.vi != fault.text.en
            assert fault.in_language("vi").startswith(f"dòng {fault.row}, ")
            assert fault.rule in TEXTS


class TestPublished:
    """What is published stays as it is."""

    def given(self, folder: Path) -> Any:
        """Publish the procedure."""
        return extended_catalogue(empty(), check_addition(read_file(saved(folder)), empty()), "1")

    def test_a_published_version_can_not_be_changed(self, tmp_path: Path) -> None:
        """Each value that differs from the published one is named."""
        changes = {"time_limit": "9wd", "parts": [{**PROCEDURE["parts"][0], "copies": 2}]}
        with pytest.raises(ProcedureFileError) as caught:
            check_addition(read_file(saved(tmp_path, changes)), self.given(tmp_path))

        assert [(f.where, f.rule) for f in caught.value.mistakes] == [
            ("parts.1.copies", "published"),
            ("time_limit", "published"),
        ]

    def test_a_published_field_can_not_be_renamed(self, tmp_path: Path) -> None:
        """A field keeps its names."""
        path = tmp_path / "renamed.json"
        fields = [{**DOCUMENT["fields"][0], "name_en": "Commerce"}]
        path.write_text(json.dumps({**DOCUMENT, "fields": fields}), encoding="utf-8")
        with pytest.raises(ProcedureFileError) as caught:
            check_addition(read_file(path), self.given(tmp_path))

        assert [(f.where, f.rule) for f in caught.value.mistakes] == [
            ("name_en", "published.field")
        ]

    def test_it_is_followed(self, tmp_path: Path) -> None:
        """The next version is taken; the same one beside it is left alone."""
        follower = {"version": 2, "valid_from": "2022-01-01", "time_limit": "7wd"}
        added = check_addition(read_file(saved(tmp_path, {}, follower)), self.given(tmp_path))

        assert [(it.code, it.version) for it in added.versions] == [("1.000001", 2)]
        assert added.unchanged == 2  # the field and the first version

    @pytest.mark.parametrize(
        ("changes", "column", "rule"),
        [
            ({"version": 3, "valid_from": "2022-01-01"}, "version", "versions.next"),
            ({"version": 2}, "valid_from", "versions.begin"),
            ({"version": 2, "valid_from": "2020-12-31"}, "valid_from", "versions.begin"),
        ],
    )
    def test_out_of_turn(
        self, tmp_path: Path, changes: dict[str, Any], column: str, rule: str
    ) -> None:
        """A follower has the next number and begins later."""
        with pytest.raises(ProcedureFileError) as caught:
            check_addition(read_file(saved(tmp_path, changes)), self.given(tmp_path))

        assert [(f.where, f.rule) for f in caught.value.mistakes] == [(column, rule)]

    def test_a_follower_of_an_ended_version_begins_after_its_end(self, tmp_path: Path) -> None:
        """Two versions never hold on one day."""
        ended = extended_catalogue(
            empty(),
            check_addition(read_file(saved(tmp_path, {"valid_to": "2022-06-30"})), empty()),
            "1",
        )
        follower = {"version": 2, "valid_from": "2022-06-30"}
        with pytest.raises(ProcedureFileError) as caught:
            check_addition(read_file(saved(tmp_path, follower)), ended)

        assert [f.rule for f in caught.value.mistakes] == ["versions.dates"]


def test_units_are_not_imported() -> None:
    """A table of procedures has no units: they have a file of their own."""
    assert {unit.code for unit in UNITS} == set(empty().units)
    assert build_catalogue([], [], [], "").units == {}


def test_a_mistake_in_json_has_a_line_and_a_column(tmp_path: Path) -> None:
    """Beside the entry's number, in lines for people and for programs."""
    path = tmp_path / "lines.json"
    made = document({"level": "4", "parts": [{"code": "a", "name_vi": "A"}]})
    path.write_text(json.dumps(made, indent=1), encoding="utf-8")
    lines = path.read_text("utf-8").splitlines()
    missing, wrong = sorted(faults(path), key=lambda found: found.where, reverse=True)

    assert missing.where == "parts.1.name_en"
    assert lines[missing.line - 1].strip() == "{"
    assert lines[wrong.line - 1][wrong.column - 1 :] == '"level": "4",'
    assert wrong.in_language("vi").startswith(f"{wrong.line}:4: dòng 1, level: phải là một trong ")
    assert wrong.document()["place"] == [wrong.line, 4]


def test_a_mistake_in_a_table_has_the_number_of_its_column(tmp_path: Path) -> None:
    """As its name; the row is the line."""
    (found,) = in_csv(tmp_path, 5, "amount", "-1")
    assert (found.row, found.line, found.column) == (5, 5, list(COLUMNS).index("amount") + 1)


def test_what_can_t_be_printed_is_shown_as_an_escape(tmp_path: Path) -> None:
    """A unit's code forges no line, and turns none round."""
    found = faults(saved(tmp_path, {"unit": "H\x1b[2J\u202e"}))
    assert found
    assert all(each.in_language("vi").isprintable() for each in found)
