"""Directories from files: every mistake is named with its file, row and field."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kernel.documents.mistakes import DocumentError
from office.people.files import read_directory

FORM = "must be 1 to 64 letters a-z, digits, dots, hyphens and underscores"
DAY = "must be a day such as 2026-09-02"
ROLES = {"specialist", "head"}
UNITS = """
[[unit]]
code = "H22"
name_vi = "Tỉnh"
[[unit]]
code = "H22.12"
name_vi = "Huyện"
valid_to = 2025-06-30
successor = "H22.70"
[[unit]]
code = "H22.70"
name_vi = "Xã"
"""
AN = '[[officer]]\nid = "an"\nname = "An"\nunit = "H22"\nroles = ["specialist"]\n'
BINH = '[[officer]]\nid = "binh"\nunit = "H22"\nroles = ["head"]\n'
AWAY = "[[officer.absence]]\nfirst = 2021-08-09\nlast = 2021-08-13\n"


def read(folder: Path, text: str, units: str = UNITS, sheet: str = "") -> Any:
    """Write the files and read them."""
    (folder / "units.toml").write_text(units)
    if sheet:
        (folder / "officers.csv").write_text(sheet)
    file = folder / "people.toml"
    file.write_text(f'units = "units.toml"\n{text}')
    return read_directory(file, ROLES)


def plain(error: DocumentError) -> list[str]:
    """Return the mistakes without the line and column, which each of them has."""
    lines = [str(mistake) for mistake in error.mistakes]
    for mistake in error.mistakes:
        assert (mistake.line > 0) == (mistake.column > 0)
        assert mistake.line or mistake.rule == "file"
        assert mistake.text.vi != mistake.text.en
    return [re.sub(r"(\.(?:toml|csv)):\d+:\d+: ", r"\1: ", line, count=1) for line in lines]


def test_a_directory_is_read(tmp_path: Path) -> None:
    """Officers of TOML and CSV stand beside each other, with units, roles, days and absences."""
    heading = "\ufeffid,name,unit,roles,valid_from,valid_to,email"
    sheet = f"{heading}\ncuc,Cúc,H22.12,specialist; head,2021-01-01,2024-12-31,cuc@h.vn\n\n"
    found = read(
        tmp_path, f'officers = "officers.csv"\n{AN}{AWAY}substitute = "binh"\n{BINH}', sheet=sheet
    )

    assert set(found.officers) == {"an", "binh", "cuc"}
    cuc = found.officers["cuc"]
    assert (cuc.name, cuc.unit, cuc.roles) == ("Cúc", "H22.12", {"specialist", "head"})
    assert (cuc.valid_from, cuc.valid_to) == (date(2021, 1, 1), date(2024, 12, 31))
    assert found.officers["an"].absence(date(2021, 8, 10)).substitute == "binh"
    assert (cuc.email, found.officers["an"].email) == ("cuc@h.vn", "")
    assert found.responsible_unit("H22.12", date(2026, 1, 1)) == "H22.70"


@pytest.mark.parametrize("address", ["a@b.vn", "tp.H22-12@mc.ha-giang.gov.vn", "x+y_z@b1.vn"])
def test_an_address_is_read(tmp_path: Path, address: str) -> None:
    """Where an officer is written to is optional, and taken as it stands."""
    found = read(tmp_path, f'{AN}email = "{address}"\n')
    assert found.officers["an"].email == address


@pytest.mark.parametrize(
    "address",
    [
        *("an", "an@", "@b.vn", "an@b", "a n@b.vn", "an@b.vn ", "an@b..vn", ".an@b.vn", "an@-b.vn"),
        *(
            "an@b.vn, b@b.vn",
            "An <an@b.vn>",
            "an@b.vn\\nBcc: b@b.vn",
            f"{'a' * 250}@b.vn",
        ),
    ],
)
def test_what_is_no_address_is_named(tmp_path: Path, address: str) -> None:
    """A mail could not go there, or would go elsewhere too."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, f'{AN}email = "{address}"\n')
    (mistake,) = plain(caught.value)
    assert mistake.startswith("people.toml: officer 1 (an), email: ")
    assert mistake.endswith("is no address (name@host.domain)")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("colour = 1\n", "people.toml: colour: is no key here"),
        ("officer = 1\n", "people.toml: officer: must be tables, each under [[officer]]"),
        ("officers = 1\n", "people.toml: officers: must be a text, in quotes"),
        (
            'officers = "a\\u0000b"\n',
            "people.toml: officers: must be the name of a CSV file",
        ),
        ('officers = "none.csv"\n', "none.csv: there is no such file"),
        ("[[officer]]\n", "people.toml: officer 1, id: is missing"),
        ('[[officer]]\nid = "a b"\n', "people.toml: officer 1 (a b), id: must be 1 to 64 letters"),
        (AN + AN, "officer 2 (an), id: is also at people.toml: officer 1 (an)"),
        (AN + "age = 3\n", "officer 1 (an), age: is no key here"),
        (AN.replace("H22", "H99"), "officer 1 (an), unit: H99 is no unit"),
        (AN.replace('unit = "H22"\n', ""), "officer 1 (an), unit: is missing"),
        (AN.replace("H22", "H22.12"), "unit: H22.12 is dissolved on 2025-06-30, before valid_to"),
        (AN.replace('["specialist"]', "[]"), "officer 1 (an), roles: must have at least 1 entry"),
        (
            AN.replace("specialist", "king"),
            "officer 1 (an), roles 1: king is no role (there are head, specialist)",
        ),
        *(
            (
                AN.replace('"An"', f'"An{sign}"'),
                "officer 1 (an), name: must be one line of plain text, without control characters",
            )
            for sign in ("\\nBcc: b@b.vn", "\\r", "\\t", "\\u0000", "\\u202e", "\\u2028")
        ),
        (AN + 'valid_from = "soon"\n', f"officer 1 (an), valid_from: {DAY}"),
        (
            AN + "valid_from = 2021-02-01\nvalid_to = 2021-01-01\n",
            "officer 1 (an), valid_to: 2021-01-01 lies before the first day, 2021-02-01",
        ),
        (AN + "absence = 1\n", "officer 1 (an), absence: must be tables, each under [[absence]]"),
        (
            AN + "[[officer.absence]]\nfirst = 2021-01-01\n",
            "absence 1, last: is missing",
        ),
        (AN + AWAY + "why = 1\n", "officer 1 (an), absence 1, why: is no key here"),
        (AN + AWAY + AWAY, "officer 1 (an), absence: two overlap on 2021-08-09"),
        (
            AN + AWAY + 'substitute = "an"\n',
            "officer 1 (an), absence 1, substitute: an is no other officer",
        ),
        (
            AN + AWAY + 'substitute = "x"\n',
            "officer 1 (an), absence 1, substitute: x is no other officer",
        ),
        (
            AN + AWAY + 'substitute = "binh"\n' + BINH + AWAY,
            "officer 1 (an), absence 1, substitute: binh is away, too",
        ),
        (
            AN + AWAY + 'substitute = "binh"\n' + BINH + "valid_to = 2021-08-12\n",
            "officer 1 (an), absence 1, substitute: binh is not in service for the whole absence",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, mistake: str) -> None:
    """One line a mistake: file, row, officer, field, rule."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, text)
    assert any(mistake in line for line in plain(caught.value)), plain(caught.value)


@pytest.mark.parametrize(
    ("sheet", "mistake"),
    [
        ("id,unit\n", "officers.csv:1:1: roles: this column is missing"),
        ("id,unit,roles,age\n", "officers.csv:1:4: age: is no column (there are id, name"),
        ("id,unit,roles,id\n", "officers.csv:1:1: id: is the name of two columns"),
        ("id,unit,roles\nan,H22\n", "officers.csv:2:1: has 2 cells instead of 3"),
        (
            "id,unit,roles\nan,H22,head\nb b,H22,head\n",
            "officers.csv:3:1: officer 2 (b b), id: must be",
        ),
        (
            "id,unit,roles\nan,H22,king\n",
            "officers.csv:2:3: officer 1 (an), roles 1: king is no role",
        ),
        (
            "id,unit,roles,valid_to\nan,H22,head,31/12\n",
            f"officers.csv:2:4: officer 1 (an), valid_to: {DAY}",
        ),
        (
            'id,name,unit,roles\nan,"A\nn",H22,head\n',
            "officers.csv:2:2: officer 1 (an), name: must be one line of plain",
        ),
    ],
)
def test_each_mistake_of_a_sheet_is_named(tmp_path: Path, sheet: str, mistake: str) -> None:
    """Rows are counted as a spreadsheet shows them, the heading being the first."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, 'officers = "officers.csv"\n', sheet=sheet)
    assert any(mistake in str(each) for each in caught.value.mistakes), str(caught.value)


@pytest.mark.parametrize("limit", [131_072, 2**30])
def test_a_cell_too_long_is_one_whatever_others_read(tmp_path: Path, limit: int) -> None:
    """The csv module's limit holds for all of a process: another reader may have raised it."""
    sheet = f"id,unit,roles\nan,H22,head\n{'b' * 200_000},H22,head\n"
    before = csv.field_size_limit(limit)
    try:
        with pytest.raises(DocumentError) as caught:
            read(tmp_path, 'officers = "officers.csv"\n', sheet=sheet)
    finally:
        csv.field_size_limit(before)
    (mistake,) = caught.value.mistakes
    assert str(mistake) == (
        "officers.csv:3:1: a cell has more than 131072 characters (is a quotation mark not closed?)"
    )


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """Whoever mends a file does not find the next mistake after each try."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, AN.replace("H22", "H9") + BINH.replace("head", "king"))
    assert len(caught.value.mistakes) == 2


EVERYTHING = """
officers = "officers.csv"
colour = 1
[[officer]]
id = "an"
unit = "H22.9"
roles = ["king", 3]
valid_to = "2021-12-31"
[[officer.absence]]
first = 2021-08-13
last = 2021-08-09
substitute = "nobody"
[[officer.absence]]
first = "9/8"
last = 2021-08-09
[[officer]]
id = "an"
unit = 7
roles = "head"
age = 3
[[officer]]
id = "b b"
name = 4
unit = "H22.12"
roles = []
"""
SHEET = """id,unit,roles,age
cuc,H22,head,3
d d,H99,king,4
em,H22
"cuc",H22.70,head,5
phi,H22,"he
"""


def test_mistakes_of_every_kind_are_named_together(tmp_path: Path) -> None:
    """Of form, of what things refer to and of what contradicts itself, in all three files."""
    units = UNITS.replace('successor = "H22.70"', 'successor = "H22.7"\nvalid_from = 2026-01-01')
    units += '[[unit]]\ncode = 5\n[[unit]]\ncode = "H22"\nvalid_to = "soon"\nsuccessor = "H22"\n'
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, EVERYTHING, units=units.replace("code = 5", 'code = "H22.5"'), sheet=SHEET)
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "people.toml:4:1: colour: is no key here (there are officer, units, officers)",
        "people.toml:7:1: officer 1 (an), unit: H22.9 is no unit",
        "people.toml:8:10: officer 1 (an), roles 1: king is no role (there are head, specialist)",
        "people.toml:8:18: officer 1 (an), roles 2: must be a text, in quotes",
        f"people.toml:9:1: officer 1 (an), valid_to: {DAY} (in TOML without quotes)",
        "people.toml:12:1: officer 1 (an), absence 1, last: 2021-08-09 lies before the"
        " first day, 2021-08-13",
        f"people.toml:15:1: officer 1 (an), absence 2, first: {DAY} (in TOML without quotes)",
        "people.toml:18:1: officer 2 (an), id: is also at people.toml: officer 1 (an)",
        "people.toml:19:1: officer 2 (an), unit: must be a text, in quotes",
        "people.toml:20:1: officer 2 (an), roles: must be a list",
        "people.toml:21:1: officer 2 (an), age: is no key here (there are id, name, unit,"
        " roles, valid_from, valid_to, email, absence)",
        f"people.toml:23:1: officer 3 (b b), id: {FORM}",
        "people.toml:24:1: officer 3 (b b), name: must be a text, in quotes",
        "people.toml:25:1: officer 3 (b b), unit: H22.12 is dissolved on 2025-06-30,"
        " before valid_to",
        "people.toml:26:1: officer 3 (b b), roles: must have at least 1 entry",
        "units.toml:8:1: unit 2 (H22.12), valid_to: 2025-06-30 lies before the first day,"
        " 2026-01-01",
        "units.toml:9:1: unit 2 (H22.12), successor: is no unit",
        "units.toml:17:1: unit 5 (H22), code: is there twice",
        f"units.toml:18:1: unit 5 (H22), valid_to: {DAY} (in TOML without quotes)",
        "officers.csv:1:4: age: is no column (there are id, name, unit, roles, valid_from,"
        " valid_to, email)",
        f"officers.csv:3:1: officer 2 (d d), id: {FORM}",
        "officers.csv:3:2: officer 2 (d d), unit: H99 is no unit",
        "officers.csv:3:3: officer 2 (d d), roles 1: king is no role (there are head, specialist)",
        "officers.csv:4:1: has 2 cells instead of 4",
        "officers.csv:5:1: officer 3 (cuc), id: is also at officers.csv: officer 1 (cuc)",
        "officers.csv:6:1: a quotation mark is not closed; within a quoted cell it is"
        ' written twice: ""',
    ]


@pytest.mark.parametrize(
    ("text", "units", "sheet", "rule"),
    [
        (AN, "[[unit", "", "units.toml: is no TOML: a [[table]]"),
        (
            AN,
            UNITS.replace('code = "H22"', "code = 22"),
            "",
            "unit 1 (22), code: must be a text, in quotes",
        ),
        (AN, UNITS.replace('code = "H22"', 'code = "h22"'), "", "must be digits and capital"),
        (AN + AWAY + 'substitute = "binh"\n', UNITS, "id,unit,roles\nbinh,H22\n", "has 2 cells"),
        (
            AN + AWAY + 'substitute = "binh"\n',
            UNITS,
            "name,unit,roles\nbinh,H22,head\n",
            "id: this",
        ),
        (
            AN + AWAY + 'substitute = "b b"\n' + BINH.replace("binh", "b b"),
            UNITS,
            "",
            "officer 2 (b b), id: must be",
        ),
        (AN + 'valid_to = "x"\n' + AWAY, UNITS, "", DAY),
        (AN.replace("roles", "role"), UNITS, "", "role: is no key here; is roles meant?"),
        (AN.replace("id =", "Id ="), UNITS, "", "Id: is no key here; is id meant?"),
        (AN.replace("H22", "H22.12") + 'valid_to = "x"\n', UNITS, "", DAY),
        ("", UNITS.replace("valid_to = 2025-06-30", 'valid_to = "x"'), "", DAY),
        (
            AN + "[[officer.absence]]\nfirst = 1\nlast = 2021-08-13\n" + AWAY,
            UNITS,
            "",
            f"absence 1, first: {DAY}",
        ),
    ],
)
def test_what_was_named_is_not_told_again_in_other_words(
    tmp_path: Path, text: str, units: str, sheet: str, rule: str
) -> None:
    """What hangs on a part at fault is not told as a mistake of its own."""
    named = 'officers = "officers.csv"\n' if sheet else ""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, named + text, units=units, sheet=sheet)
    (mistake,) = plain(caught.value)
    assert rule in mistake


@pytest.mark.parametrize(
    ("units", "mistake"),
    [
        (UNITS.replace('"H22.70"\n[[', '"H22.99"\n[['), "unit 2 (H22.12), successor: is no unit"),
        (
            UNITS.replace("valid_to = 2025-06-30\n", ""),
            "unit 2 (H22.12), successor: is for a unit with",
        ),
        (
            UNITS + 'valid_to = 2026-01-01\nsuccessor = "H22.12"\n',
            "unit 3 (H22.70), successor: leads back to the unit itself",
        ),
        (UNITS + '[[unit]]\ncode = "H22"\n', "unit 4 (H22), code: is there twice"),
        ("x", "units.toml: is no TOML: a key is followed by ="),
        (UNITS.replace("Xã", "X\\nã"), "unit 3 (H22.70), name_vi: must be one line of plain text"),
        (UNITS + "[[unit]]\n", "unit 4, code: is missing"),
        *(
            (f'{UNITS}[[unit]]\ncode = "{code}"\n', "code: must be digits and capital")
            for code in ("H1\\n", "../x y", "h22", "H22.", "H22..1", "Đ22", "H" * 36)
        ),
    ],
)
def test_units_are_checked_too(tmp_path: Path, units: str, mistake: str) -> None:
    """A successor that is not there, or leads back, is no successor."""
    with pytest.raises(DocumentError) as caught:
        read(tmp_path, "", units=units)
    assert any(mistake in line for line in plain(caught.value)), plain(caught.value)


def test_a_directory_without_units_is_none(tmp_path: Path) -> None:
    """Officers belong to units."""
    file = tmp_path / "people.toml"
    file.write_text(AN)
    with pytest.raises(DocumentError, match=r"people.toml:1:1: units: is missing"):
        read_directory(file, ROLES)
    file.write_text(f'units = "a\\u0000b"\n{AN}')
    with pytest.raises(DocumentError, match=r"people.toml:1:1: units: must be the name"):
        read_directory(file, ROLES)
