"""Directories from files: every mistake is named with its file, row and field."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.people.files import DirectoryError, read_directory

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


def test_a_directory_is_read(tmp_path: Path) -> None:
    """Officers of TOML and CSV stand beside each other, with units, roles, days and absences."""
    heading = "\ufeffid,name,unit,roles,valid_from,valid_to,email"
    sheet = f"{heading}\ncuc,Cúc,H22.12,specialist; head,2021-01-01,2024-12-31,cuc@h.vn\n\n"
    found = read(
        tmp_path, f'officers = "officers.csv"\n{AN}{AWAY}stand_in = "binh"\n{BINH}', sheet=sheet
    )

    assert set(found.officers) == {"an", "binh", "cuc"}
    cuc = found.officers["cuc"]
    assert (cuc.name, cuc.unit, cuc.roles) == ("Cúc", "H22.12", {"specialist", "head"})
    assert (cuc.valid_from, cuc.valid_to) == (date(2021, 1, 1), date(2024, 12, 31))
    assert found.officers["an"].absence(date(2021, 8, 10)).stand_in == "binh"
    assert (cuc.email, found.officers["an"].email) == ("cuc@h.vn", "")
    assert found.current("H22.12", date(2026, 1, 1)) == "H22.70"


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
            "án@b.vn",
            "an@b.vn, b@b.vn",
            "An <an@b.vn>",
            "an@b.vn\\nBcc: b@b.vn",
            f"{'a' * 250}@b.vn",
        ),
    ],
)
def test_what_is_no_address_is_named(tmp_path: Path, address: str) -> None:
    """A mail could not go there, or would go elsewhere too."""
    with pytest.raises(DirectoryError) as caught:
        read(tmp_path, f'{AN}email = "{address}"\n')
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("people.toml: officer 1 (an): email: ")
    assert mistake.endswith("is no address (name@host.domain, ASCII)")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("colour = 1\n", "people.toml: colour: unknown key"),
        ("officer = 1\n", "people.toml: officer: must be tables: [[officer]]"),
        ("officers = 1\n", "people.toml: officers: must be the name of a CSV file"),
        ('officers = "none.csv"\n', "none.csv: can't be read"),
        ("[[officer]]\n", "people.toml: officer 1: id: must be letters"),
        ('[[officer]]\nid = "a b"\n', "people.toml: officer 1: id: must be letters"),
        (AN + AN, "officer 2 (an): id: is also at people.toml: officer 1 (an)"),
        (AN + "age = 3\n", "officer 1 (an): age: unknown key"),
        (AN.replace("H22", "H99"), "officer 1 (an): unit: H99 is no unit"),
        (AN.replace('unit = "H22"\n', ""), "officer 1 (an): unit: is missing"),
        (AN.replace("H22", "H22.12"), "unit: H22.12 is dissolved on 2025-06-30, before valid_to"),
        (AN.replace('["specialist"]', "[]"), "officer 1 (an): roles: names no role"),
        (
            AN.replace("specialist", "king"),
            "officer 1 (an): roles: king is no role (there are head, specialist)",
        ),
        (AN + 'valid_from = "soon"\n', "officer 1 (an): valid_from: soon is no day"),
        (
            AN + "valid_from = 2021-02-01\nvalid_to = 2021-01-01\n",
            "officer 1 (an): valid_to: lies before valid_from",
        ),
        (AN + "absence = 1\n", "officer 1 (an): absence: must be tables"),
        (AN + "[[officer.absence]]\nfirst = 2021-01-01\n", "absence 1: first: an absence has"),
        (AN + AWAY + "why = 1\n", "officer 1 (an): absence 1: why: unknown key"),
        (AN + AWAY + AWAY, "officer 1 (an): absence: two overlap on 2021-08-09"),
        (AN + AWAY + 'stand_in = "an"\n', "officer 1 (an): stand_in: an is no other officer"),
        (AN + AWAY + 'stand_in = "x"\n', "officer 1 (an): stand_in: x is no other officer"),
        (
            AN + AWAY + 'stand_in = "binh"\n' + BINH + AWAY,
            "officer 1 (an): stand_in: binh is away, too",
        ),
        (
            AN + AWAY + 'stand_in = "binh"\n' + BINH + "valid_to = 2021-08-12\n",
            "officer 1 (an): stand_in: binh is not in service for the whole absence",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, mistake: str) -> None:
    """One line a mistake: file, row, officer, field, rule."""
    with pytest.raises(DirectoryError) as caught:
        read(tmp_path, text)
    assert any(mistake in line for line in caught.value.mistakes), caught.value.mistakes


@pytest.mark.parametrize(
    ("sheet", "mistake"),
    [
        ("id,unit\n", "officers.csv: row 1: the heading must name id, name, unit"),
        ("id,unit,roles,age\n", "officers.csv: row 1: the heading must name"),
        ("id,unit,roles,id\n", "officers.csv: row 1: the heading must name"),
        ("id,unit,roles\nan,H22\n", "officers.csv: row 2: has 2 fields instead of 3"),
        ("id,unit,roles\nan,H22,head\nb b,H22,head\n", "officers.csv: row 3: id: must be"),
        ("id,unit,roles\nan,H22,king\n", "officers.csv: row 2 (an): roles: king is no role"),
        ("id,unit,roles,valid_to\nan,H22,head,31/12\n", "row 2: valid_to: 31/12 is no day"),
    ],
)
def test_each_mistake_of_a_sheet_is_named(tmp_path: Path, sheet: str, mistake: str) -> None:
    """Rows are counted as a spreadsheet shows them, the heading being the first."""
    with pytest.raises(DirectoryError) as caught:
        read(tmp_path, 'officers = "officers.csv"\n', sheet=sheet)
    assert any(mistake in line for line in caught.value.mistakes), caught.value.mistakes


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    """Whoever mends a file does not find the next mistake after each try."""
    with pytest.raises(DirectoryError) as caught:
        read(tmp_path, AN.replace("H22", "H9") + BINH.replace("head", "king"))
    assert len(caught.value.mistakes) == 2


@pytest.mark.parametrize(
    ("units", "mistake"),
    [
        (UNITS.replace('"H22.70"\n[[', '"H22.99"\n[['), "H22.12: successor: is no unit"),
        (UNITS.replace("valid_to = 2025-06-30\n", ""), "H22.12: successor: is for a unit with"),
        (
            UNITS + 'valid_to = 2026-01-01\nsuccessor = "H22.12"\n',
            "H22.70: successor: leads back to the unit itself",
        ),
        (UNITS + '[[unit]]\ncode = "H22"\n', "unit 4 (H22): code: is missing, or there twice"),
        ("x", "can't be read"),
    ],
)
def test_units_are_checked_too(tmp_path: Path, units: str, mistake: str) -> None:
    """An heir that is not there, or leads back, is no heir."""
    with pytest.raises(DirectoryError) as caught:
        read(tmp_path, "", units=units)
    assert any(mistake in line for line in caught.value.mistakes), caught.value.mistakes


def test_a_directory_without_units_is_none(tmp_path: Path) -> None:
    """Officers belong to units."""
    file = tmp_path / "people.toml"
    file.write_text(AN)
    with pytest.raises(DirectoryError, match=r"people.toml: units: must be the name"):
        read_directory(file, ROLES)
