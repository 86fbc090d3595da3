"""Agency codes of both forms, and the codes that dossiers get by them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.catalogue.agency_codes import is_agency, is_old_agency, to_new_form, to_old_form
from office.catalogue.dossier_code import DossierCode, parse_code
from office.catalogue.loader import shipped_catalogue

GROUP = st.from_regex(r"[0-9A-Z]{2}", fullmatch=True).filter(lambda text: text.strip("0") != "")
TOP = st.from_regex(r"[A-Z][0-9]{2}", fullmatch=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.00.H22", "H22"),
        ("000.00.02.H22", "H22.02"),
        ("000.03.12.H22", "H22.12.03"),
        ("004.03.12.H22", "H22.12.03.004"),
    ],
)
def test_the_forms_mirror_each_other(old: str, new: str) -> None:
    """Levels are written from the lowest up before, from the top down since."""
    assert to_new_form(old) == new
    assert to_old_form(new) == old
    assert is_old_agency(old)
    assert not is_old_agency(new)
    assert is_agency(old)
    assert is_agency(new)


@pytest.mark.parametrize("text", ["", "H22", "00.00.00.H22", "000.00.00.h22", "000.00.00.H2²"])
def test_what_is_no_old_code(text: str) -> None:
    """Another length or letter is no old code."""
    assert not is_old_agency(text)
    assert to_new_form(text) == ""


@pytest.mark.parametrize(
    "new", ["", "H22.", "H22.123", "H22.1.2.3.4", "22", "h22", "H22.12.03.1234"]
)
def test_what_has_no_old_form(new: str) -> None:
    """Groups that are too wide, or too many of them, have no old form."""
    assert to_old_form(new) == ""


def test_a_skipped_level_has_no_usual_new_form() -> None:
    """Between two levels that are there, none is missing."""
    assert to_new_form("000.05.00.H22") == ""


@given(st.tuples(TOP, GROUP, GROUP).flatmap(lambda g: st.sampled_from([g[:1], g[:2], g])))
def test_there_and_back(groups: tuple[str, ...]) -> None:
    """Every code that has an old form is found again from it."""
    new = ".".join(groups)

    assert to_new_form(to_old_form(new)) == new


def test_units_are_known_by_both_codes() -> None:
    """Each unit that ships is found by its code of before and by that of now."""
    shipped = shipped_catalogue()
    for unit in shipped.units.values():
        assert unit.old_code == to_old_form(unit.code)
        assert shipped.unit_of(unit.code) is unit
        assert shipped.unit_of(unit.old_code) is unit
    assert shipped.unit_of("H99") is None


def test_the_code_of_a_day() -> None:
    """Dossiers get the old code until the day before Decision 20/2020 is in force."""
    unit = shipped_catalogue().units["H22.12.03"]

    assert unit.agency_on(date(2020, 9, 14)) == "000.03.12.H22"
    assert unit.agency_on(date(2020, 9, 15)) == "H22.12.03"


def test_dossier_codes_may_name_old_agencies() -> None:
    """A dossier code of either form is read, and more than 9999 a day take a fifth digit."""
    assert parse_code("000.03.12.H22-200810-0007") == DossierCode("000.03.12.H22", "200810", 7)
    assert str(DossierCode("H22", "210809", 9999)) == "H22-210809-9999"
    assert str(DossierCode("H22", "210809", 10_000)) == "H22-210809-10000"
    assert parse_code("H22-210809-10000") == DossierCode("H22", "210809", 10_000)
