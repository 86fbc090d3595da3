"""Rows become histories of dossiers, or rejects with a reason."""

from typing import Any

import pytest

from cli.importing.history import ImportedStep, read_histories
from cli.importing.mapping import Mapping, MappingError
from cli.importing.rows import MALFORMED, SourceRow
from cli.importing.times import is_format, parse_time
from tests.support.foreign_rows import NOW, mapping, row

AT = 1_318_400_785_000_000
OLD = "is in {} letters that were read wrongly; convert it to Unicode first"
CODE = (
    "is no dossier code: at most 64 letters, digits, blanks and . _ / # -, beginning with a letter"
    " or digit"
)


def test_rows_of_a_case_become_its_history() -> None:
    """The first row's values are the case's; each row is a step."""
    found = read_histories([row(1), row(2, activity="Send", performer="")], mapping(), NOW)
    (case,) = found.cases
    assert (case.code, case.channel, case.unit, case.granted) == ("c-1", "online", "General", True)
    assert case.started_at == 1_318_333_342_688_000
    assert case.due_at == 1_323_175_291_000_000
    assert case.ended_at == 1_320_138_000_000_000
    assert case.steps == [
        ImportedStep(AT, 1, "Check", "Group 1", "Resource21"),
        ImportedStep(AT, 2, "Send", "Group 1", ""),
    ]
    assert (found.rows, found.rejects) == (2, [])


def test_steps_have_the_order_of_their_times_then_of_the_file() -> None:
    """A log out of order is put in order; equal times keep the file's order."""
    late, early = "2011-10-13 08:00:00+02:00", "2011-10-11 08:00:00+02:00"
    rows = [row(1, time=late), row(2), row(3, time=early), row(4, activity="Also")]
    (case,) = read_histories(rows, mapping(), NOW).cases
    assert [step.row for step in case.steps] == [3, 2, 4, 1]


def test_steps_that_are_alike_are_told_apart_by_their_count() -> None:
    """Two equal rows are two steps, whatever their rows' numbers."""
    (case,) = read_histories([row(7), row(9), row(11, activity="Send")], mapping(), NOW).cases
    assert [(step.row, step.twin) for step in case.steps] == [(7, 0), (9, 1), (11, 0)]


def test_a_time_without_offset_is_local_time_of_the_source() -> None:
    """The mapping's time zone holds where the log is silent."""
    (case,) = read_histories([row(time="2011-10-12 08:26:25")], mapping(), NOW).cases
    assert case.steps[0].at == AT


def test_a_case_without_an_end_is_open_and_steps_after_an_end_are_counted() -> None:
    """Both are real, and kept."""
    open_case = row(1, case="c-2", ended="")
    after = row(2, time="2011-11-02 10:00:00+01:00")
    found = read_histories([open_case, after], mapping(), NOW).cases
    assert [(case.ended_at is None, case.after_end) for case in found] == [(True, 0), (False, 1)]


def test_a_result_that_the_mapping_calls_a_rejection_is_one() -> None:
    """So is it in other capitals, with other blanks, its tone on the other vowel, or the Icelandic
    letter for Đ; and a grant is what is listed as one.
    """
    rows = [
        row(1, result="refused"),
        row(2, case="c-2", result=" Refused\u00a0"),
        row(3, case="c-3", result="granted"),
        row(4, case="c-4", result="Hủy"),
        row(5, case="c-5", result="HUỶ"),
        row(6, case="c-6", result="không ðồng ý"),
        row(7, case="c-7", result="Ðồng ý"),
    ]
    given = mapped(rejected_results=["refused", "huỷ", "không đồng ý"])
    found = read_histories(rows, given, NOW).cases
    assert [case.granted for case in found] == [False, False, True, False, False, False, True]


def test_a_result_that_the_mapping_does_not_know_is_neither() -> None:
    """Nothing is granted by default: neither an unknown word nor an empty cell of an ended case."""
    rows = [row(1, result="refusd"), row(2, case="c-2", result=""), row(3, case="c-3", ended="")]
    rows[2].values["result"] = ""
    found = read_histories(rows, mapping(), NOW)
    lists = "is in neither of the mapping's granted_results and rejected_results"
    assert [r.reason for r in found.rejects] == [f"result: 'refusd' {lists}", f"result: '' {lists}"]
    assert [case.code for case in found.cases] == ["c-3"]  # it has not ended: no result is needed


def mapped(**tables: Any) -> Mapping:
    """Return a mapping with other tables."""
    given = mapping().model_dump()
    columns = given["columns"] | tables.pop("columns", {})
    return Mapping.model_validate(given | tables | {"columns": columns})


def test_values_may_be_in_no_column() -> None:
    """A constant holds for all rows, a default where the cell is empty."""
    given = mapped(
        columns={"channel": ""},
        constants={"channel": "Web"},
        defaults={"unit": "H22.12", "performer": "robot"},
    )
    found = read_histories([row(unit="", performer="")], given, NOW)
    (case,) = found.cases
    assert (case.channel, case.unit, case.steps[0].performer) == ("online", "H22.12", "robot")


def test_a_case_whose_start_stands_in_no_column_begins_with_its_first_step() -> None:
    """Most public logs have no other."""
    rows = [row(1, time="2011-10-14"), row(2, time="2011-10-12 08:26:25+02:00")]
    (case,) = read_histories(rows, mapped(columns={"started": ""}), NOW).cases
    assert case.started_at == AT


def test_units_and_procedures_by_a_table_of_the_mapping() -> None:
    """A value that the table does not have is rejected by name."""
    given = mapped(
        columns={"procedure": "kind"},
        units={"Phòng  Tư pháp": "h22.12.03"},
        procedures={"Khai sinh": "1.001193"},
    )
    rows = [
        row(1, unit="phòng tư pháp", kind="Khai sinh"),
        row(2, case="c-2", unit="Phòng Nội vụ", kind="Khai sinh"),
        row(3, case="c-3", unit="Phòng Tư pháp", kind="Kết hôn"),
    ]
    found = read_histories(rows, given, NOW)
    (case,) = found.cases
    assert (case.unit, case.procedure) == ("H22.12.03", "1.001193")
    assert [r.reason for r in found.rejects] == [
        "unit: the mapping has no unit for 'Phòng Nội vụ'",
        "kind: the mapping has no procedure for 'Kết hôn'",
    ]


def test_a_further_number_of_the_dossier_is_kept_and_may_not_change() -> None:
    """It is a fact of the case; a log without the column has none."""
    rows = [row(1, their="09.H44.1"), row(2, their="09.H44.2")]
    found = read_histories(rows, mapping(external_code="their"), NOW)
    assert [case.external_code for case in found.cases] == ["09.H44.1"]
    assert [reject.reason for reject in found.rejects] == [
        "their: contradicts the first row of its case"
    ]
    assert read_histories([row()], mapping(), NOW).cases[0].external_code == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"case": " "}, "case: is empty"),
        ({"activity": ""}, "activity: is empty"),
        ({"unit": ""}, "unit: is empty"),
        ({"channel": ""}, "channel: is empty"),
        ({"channel": "Fax"}, "channel: the mapping has no channel for 'Fax'"),
        ({"time": ""}, "time: is empty"),
        ({"time": "soon"}, "time: 'soon' is no time in ISO 8601"),
        ({"time": "2011-02-29"}, "time: '2011-02-29' is no time in ISO 8601"),
        ({"time": "2011-10-12T24:01"}, "time: '2011-10-12T24:01' is no time in ISO 8601"),
        ({"case": "2.19E+11"}, f"case: '2.19E+11' {CODE}"),
        ({"activity": "Thaåm ñònh"}, f"activity: 'Thaåm ñònh' {OLD.format('VNI')}"),
        ({"activity": "Hå s¬"}, f"activity: 'Hå s¬' {OLD.format('TCVN3 (ABC)')}"),
        ({"activity": "Giáº£i"}, f"activity: 'Giáº£i' {OLD.format('UTF-8')}"),
        ({"activity": "quyêìt"}, f"activity: 'quyêìt' {OLD.format('Windows-1258')}"),
        (
            {"performer": "Nguy?n"},
            "performer: 'Nguy?n' has lost letters (? or \ufffd): write it again in Unicode",
        ),
        ({"started": "12/10/2011"}, "started: '12/10/2011' is no time in ISO 8601"),
        ({"due": "never"}, "due: 'never' is no time in ISO 8601"),
        ({"ended": "0011-10-11"}, "ended: '0011-10-11' does not lie between 1901 and 2199"),
        ({"time": "2199-01-01"}, "time: '2199-01-01' lies in the future"),
        ({"ended": "2150-01-01"}, "ended: '2150-01-01' lies in the future"),
        ({MALFORMED: "has 3 cells, the heading has 4"}, "has 3 cells, the heading has 4"),
    ],
)
def test_a_row_that_can_not_be_used_is_rejected_with_its_reason(
    values: dict[str, str], reason: str
) -> None:
    """The other rows of the case are kept, and rows in = kept + rejected."""
    found = read_histories([row(1), row(2, **values), row(3)], mapping(), NOW)
    assert [(r.row, r.reason) for r in found.rejects] == [(2, reason)]
    assert [step.row for step in found.cases[0].steps] == [1, 3]
    assert found.rows == sum(len(case.steps) for case in found.cases) + len(found.rejects)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"channel": "Desk"}, "channel"),
        ({"unit": "Other"}, "unit"),
        ({"started": "2011-10-10"}, "started"),
        ({"due": ""}, "due"),
        ({"ended": "2011-11-02"}, "ended"),
        ({"result": "refused"}, "result"),
    ],
)
def test_a_row_that_contradicts_its_case_is_rejected(values: dict[str, str], column: str) -> None:
    """The first row's word stands."""
    found = read_histories([row(1), row(2, **values)], mapping(), NOW)
    assert found.rejects[0].reason == f"{column}: contradicts the first row of its case"


def test_a_due_date_may_lie_in_the_future() -> None:
    """Cases under way have one."""
    found = read_histories([row(due="2100-01-01")], mapping(), NOW)
    assert found.rejects == []


def test_a_row_without_a_value_that_other_rows_have_is_rejected() -> None:
    """XES events need not have every attribute."""
    (good, bare) = row(1), row(2)
    bare = SourceRow(2, {k: v for k, v in bare.values.items() if k != "activity"})
    found = read_histories([good, bare], mapping(), NOW)
    assert found.rejects[0].reason == "activity: there is no such column"


def test_a_mapped_column_that_no_row_has_is_a_mistake_of_the_mapping() -> None:
    """A typing error must not leave every dossier without its end."""
    rows = [SourceRow(1, {k: v for k, v in row().values.items() if k != "ended"})]
    with pytest.raises(MappingError, match="no row has the column ended"):
        read_histories(rows, mapping(), NOW)


@pytest.mark.parametrize("sign", ["\0", "\u202e", "\u200b", "\u00ad"])
@pytest.mark.parametrize("fact", ["activity", "group", "performer"])
def test_a_text_with_signs_that_nobody_can_see_is_rejected(fact: str, sign: str) -> None:
    """The service would refuse its step, and with it stop the import half way."""
    found = read_histories([row(1), row(2, **{fact: f"Tiếp{sign}nhận"})], mapping(), NOW)
    (reject,) = found.rejects
    assert reject.row == 2
    assert reject.reason.startswith(f"{fact}: ")
    assert "signs that nobody can see" in reject.reason


@pytest.mark.parametrize(
    ("performer", "channel"), [("Raúl Müller", "Web"), ("Kanaän Israël", "Web"), ("Davíð", "Desk")]
)
def test_names_of_other_languages_are_no_garbled_ones(performer: str, channel: str) -> None:
    """Only what reads as Vietnamese in an old encoding is one."""
    found = read_histories([row(performer=performer, channel=channel)], mapping(), NOW)
    assert found.cases[0].steps[0].performer == performer


@pytest.mark.parametrize(
    ("text", "formats", "read"),
    [
        ("30/06/2021 24:00", ["%d/%m/%Y %H:%M"], "2021-07-01T00:00:00"),
        ("2021-06-30T24:00:00+07:00", ["iso"], "2021-07-01T00:00:00+07:00"),
        ("08/06/2021 02:20 CH", ["%d/%m/%Y %I:%M %p"], "2021-06-08T14:20:00"),
        ("08/06/2021 08:20 sa", ["%d/%m/%Y %I:%M %p"], "2021-06-08T08:20:00"),
        ("08/06/2021 08:20 +0700", ["%d/%m/%Y %H:%M %z"], "2021-06-08T08:20:00+07:00"),
        ("30/06/2021 00:00", ["%d/%m/%Y 00:00", "%d/%m/%Y %H:%M"], "2021-06-30"),
        ("8/6/2021", ["%d/%m/%Y"], "2021-06-08"),
        ("44355.5", ["excel"], "2021-06-08T12:00:00"),
    ],
)
def test_times_as_other_systems_write_them(text: str, formats: list[str], read: str) -> None:
    """24:00 is the end of a day; SA and CH are what Windows writes in Vietnamese."""
    assert all(is_format(known) for known in formats)
    assert parse_time(text, formats).isoformat() == read


@pytest.mark.parametrize("name", ["%d/%m/%Y %H:%M %Z", "%d/%m", "%H:%M", "dd/mm/yyyy", "Excel"])
def test_what_names_no_day_or_no_offset_is_no_format(name: str) -> None:
    """A zone's name would be read, and not kept to."""
    assert not is_format(name)


def test_midnight_and_steps_before_the_receipt_are_told() -> None:
    """A due date of 00:00 may stand for its day, and then would be missed a day too early."""
    rows = [
        row(1, due="2011-12-06T00:00"),
        row(2, case="c-2", time="2011-10-01"),
        row(3, case="c-3", due="2011-12-06"),
    ]
    found = read_histories(rows, mapping(), NOW).cases
    assert [case.at_midnight for case in found] == [True, False, False]
    assert [case.before_start for case in found] == [0, 1, 0]


def test_a_log_without_any_step_is_a_mistake_of_the_mapping() -> None:
    """Its transitions are named: other systems have their own words."""
    rows = [row(1, state="In Progress"), row(2, state="Closed")]
    with pytest.raises(MappingError, match=r"no row is a step: .* 'Closed', 'In Progress'"):
        read_histories(rows, mapped(columns={"transition": "state"}), NOW)
