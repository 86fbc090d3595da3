"""Files as other systems write them, which were tried: each with what is to come of it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from cli.importing.history import Histories, ImportedHistory, read_histories
from cli.importing.mapping import load_mapping
from cli.importing.rows import SourceError
from cli.importing.sources import read_rows
from kernel.base.instants import from_datetime
from tests.support.paths import case_file

HANOI = timezone(timedelta(hours=7))


def at(text: str) -> int:
    """Return an instant of local time in microseconds."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=HANOI))


NOW = at("2026-11-30 16:16")


def read(folder: str, file: str, mapping: str = "mapping.toml", **keys: str) -> Histories:
    """Return what a file comes to by its mapping; ``keys`` are lines for tables of the mapping."""
    path = case_file(f"{folder}/{mapping}")
    loaded = load_mapping(path).mapping
    for table, values in keys.items():
        part = getattr(loaded, table)
        loaded = loaded.model_copy(update={table: part.model_copy(update=eval_keys(values))})
    return read_histories(read_rows(case_file(f"{folder}/{file}"), loaded.layout), loaded, NOW)


def eval_keys(text: str) -> dict[str, object]:
    """Return ``key=value|value`` as a key with one value, or with a list of several."""
    key, _, values = text.partition("=")
    several = values.split("|")
    return {key: several if key == "time_format" else values}


def one(found: Histories) -> ImportedHistory:
    """Return the only case; no row may be rejected."""
    assert found.rejects == []
    (case,) = found.cases
    return case


# -- 02: letters in pieces, blanks that do not break -----------------------------------------------


def test_a_refusal_is_a_refusal_however_its_letters_are_made() -> None:
    """Composed, decomposed, with a no-break space: nothing of it is a grant."""
    found = read("02-import-nfd", "result.csv")
    assert [(case.code, case.granted) for case in found.cases] == [
        ("nf2-1", False),
        ("nf2-2", False),
        ("nf2-3", False),
    ]
    assert found.rejects == []


def test_channels_units_and_headings_are_found_however_their_letters_are_made() -> None:
    """What looks the same is the same."""
    assert one(read("02-import-nfd", "channel.csv")).channel == "online"
    assert len(one(read("02-import-nfd", "unit.csv")).steps) == 2
    assert one(read("02-import-nfd", "heading.csv", "mapping-heading.toml")).granted is False


def test_a_later_export_in_other_letters_has_the_same_steps() -> None:
    """The identity of a step is made of these values."""
    first = one(read("02-import-nfd", "first-export.csv"))
    later = one(read("02-import-nfd", "later-export.csv"))
    assert (first, first.steps) == (later, later.steps)


# -- 03, 04: days without a time -------------------------------------------------------------------


def test_a_due_day_lasts_to_its_end() -> None:
    """Civil Code 2015, article 148.6: a period ends at 24:00 of its last day."""
    first, second = read("03-due-day-only", "day-only.csv").cases
    assert first.due_at == at("2026-11-30 23:59:59.999999")
    assert second.due_at == at("2026-11-30 17:00")


def test_an_end_on_the_day_of_receipt_is_not_before_the_receipt() -> None:
    """The end is the day's, and a step that has only a day is not before the case began."""
    case = one(read("04-ended-before-handed-in", "same-day.csv"))
    assert case.ended_at == at("2021-06-11 23:59:59.999999")
    assert [step.at for step in case.steps] == [at("2021-06-11 08:10")]
    assert (case.ended_before_start, case.after_end) == (False, 0)


def test_a_day_that_has_not_ended_counts_up_to_now() -> None:
    """An export of today has cases that ended today."""
    loaded = load_mapping(case_file("04-ended-before-handed-in/mapping.toml")).mapping
    rows = read_rows(case_file("04-ended-before-handed-in/same-day.csv"), loaded.layout)
    now = at("2021-06-11 15:00")
    assert one(read_histories(rows, loaded, now)).ended_at == now


def test_an_end_or_a_due_date_before_the_receipt_is_told() -> None:
    """It is kept as the other system has it, and never silently."""
    assert one(read("04-ended-before-handed-in", "days-before.csv")).ended_before_start
    case = one(read("04-ended-before-handed-in", "due-before-start.csv"))
    assert (case.due_before_start, case.ended_before_start) == (True, False)


# -- 06, 07: what spreadsheets and notes do to a file ----------------------------------------------


@pytest.mark.parametrize("name", ["1-blank", "2-blank", "3-blank", "blank-rows", "twice-unmapped"])
def test_what_a_spreadsheet_adds_is_nothing(name: str) -> None:
    """Blank columns, blank rows, and two columns of one name that nobody reads."""
    found = read("06-blank-columns", f"{name}.csv")
    assert (found.rows, len(one(found).steps)) == (1, 1)


def test_a_huge_cell_costs_its_row_or_nothing() -> None:
    """A row that can't be used is no reason to stop, nor is a cell that nobody reads."""
    found = read("07-one-bad-cell-stops-the-file", "huge-cell.csv")
    assert [(r.case, r.reason) for r in found.rejects] == [
        ("ob-2", "activity: has more than 200 characters")
    ]
    assert (found.rows, len(found.cases)) == (3, 2)
    found = read("07-one-bad-cell-stops-the-file", "huge-unmapped-cell.csv")
    assert (len(found.cases), found.rejects) == (2, [])


def test_an_open_quotation_mark_is_named_where_it_was_opened() -> None:
    """Not at the end of the file, where it is noticed."""
    with pytest.raises(SourceError, match=r"line 3: .*is not closed"):
        read("07-one-bad-cell-stops-the-file", "open-quote.csv")


# -- 13: dates of spreadsheets ---------------------------------------------------------------------

FORMATS = "time_format=%d/%m/%Y %H:%M|%d/%m/%Y|%d-%m-%Y %H:%M|excel"


def test_dates_are_read_in_the_formats_that_the_mapping_names() -> None:
    """Days first, numbers of a spreadsheet, and days without a time."""
    found = read("13-dates-of-excel", "dmy.csv", source=FORMATS)
    assert found.rejects == []
    first, second, third = found.cases
    assert (first.started_at, first.due_at, first.ended_at) == (
        at("2021-06-07 08:10"),
        at("2021-06-14 23:59:59.999999"),
        at("2021-06-11 15:20"),
    )
    assert second.started_at == at("2021-06-07 08:10")
    assert third.started_at == at("2021-06-07 08:09:36")
    assert (third.due_at, third.ended_at) == (
        at("2021-06-14 23:59:59.999999"),
        at("2021-06-11 14:24"),
    )


def test_nothing_is_guessed_of_a_date() -> None:
    """Without a format only ISO 8601 is one."""
    found = read("13-dates-of-excel", "dmy.csv")
    assert [r.reason.partition(": ")[2] for r in found.rejects] == [
        "'07/06/2021 08:10' is no time in ISO 8601",
        "'07-06-2021 08:10' is no time in ISO 8601",
        "'44354.34' is no time in ISO 8601",
    ]


def test_the_delimiter_that_a_spreadsheet_names_is_taken() -> None:
    """The line ``sep=;`` is no row, and Excel does not show it."""
    found = read("13-dates-of-excel", "sep.csv")
    assert one(found).steps[0].row == 2


# -- 14: XES ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "activities"),
    [
        ("gz.xes.gz", None),
        ("lc.xes", ["Thẩm định"]),
        ("ms.xes", ["Nhận", "Xử lý & trả", "Đóng"]),
        ("latin.xes", ["Tiếp nhận"]),
        ("nested.xes", ["Tiếp nhận"]),
        ("dup.xes", ["A", "B"]),
        ("nons.xes", ["Tiếp nhận"]),
    ],
)
def test_logs_of_process_mining_are_read(name: str, activities: list[str] | None) -> None:
    """Packed ones too; start and complete of an activity are one step; equal times keep order."""
    case = one(read("14-xes", name, f"{name}.toml"))
    assert case.steps
    assert activities in (None, [step.activity for step in case.steps])


def test_what_is_no_step_is_counted_as_left_out() -> None:
    """Rows in = kept + rejected + left out; the mapping may count starts as steps."""
    found = read("14-xes", "lc.xes", "lc.xes.toml")
    assert (found.rows, found.left_out, len(one(found).steps)) == (2, 1, 1)
    assert one(found).steps[0].at == at("2021-06-08 08:20")


# -- 15, 16: numbers and letters -------------------------------------------------------------------


def test_numbers_with_vietnamese_letters_blanks_and_signs_are_taken() -> None:
    """As the other system writes them; capitals and small letters are different there."""
    found = read("15-foreign-code-with-d-stroke", "codes.csv")
    assert [case.code for case in found.cases] == ["12/HS-ĐK", "07 H22", "HS#1", "ABC-1", "abc-1"]
    assert found.rejects == []


def test_utf_16_is_recognised_by_its_mark() -> None:
    """It is what Excel calls Unicode text."""
    (step,) = one(read("16-old-encodings", "utf16.csv")).steps
    assert step.activity == "Giải quyết"


def test_a_file_in_an_old_encoding_is_refused_with_what_to_do_and_read_when_it_is_named() -> None:
    """Windows-1258 has its tone marks apart, which are put together."""
    with pytest.raises(SourceError, match=r"not UTF-8 \(byte ec\); save it again as UTF-8"):
        read("16-old-encodings", "cp1258.csv")
    found = read("16-old-encodings", "cp1258.csv", source="encoding=windows-1258")
    assert [r.reason for r in found.rejects] == ["channel: the mapping has no channel for 'X'"]


def test_letters_of_old_fonts_are_refused_by_name() -> None:
    """The log can't be changed afterwards."""
    found = read("16-old-encodings", "tcvn3-in-utf8.csv")
    assert [r.reason for r in found.rejects] == [
        "activity: 'Th¨m ®Þnh' is in TCVN3 (ABC) letters that were read wrongly; convert it to"
        " Unicode first"
    ]
