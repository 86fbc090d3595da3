"""Dossier codes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.catalogue.dossier_code import DossierCode, day_of, parse_code

AGENCIES = st.lists(st.from_regex(r"[0-9A-Z]{1,4}", fullmatch=True), min_size=1, max_size=6)


@given(AGENCIES, st.dates(date(2000, 1, 1), date(2068, 12, 31)), st.integers(1, 9_999_999))
def test_a_code_is_read_as_it_was_written(agency: list[str], day: date, number: int) -> None:
    """Agency, local day and number come back from every code that is given."""
    code = DossierCode(".".join(agency), day_of(day), number)
    assert parse_code(str(code)) == code


def test_a_code_has_four_digits_at_least() -> None:
    """Numbers are filled up to four digits."""
    assert str(DossierCode("H22.12.03", "210809", 7)) == "H22.12.03-210809-0007"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "case-10011",
        "H22-210809-007",
        "H22-210809-0000",
        "H22-211309-0001",
        "h22-210809-0001",
        "H22.-210809-0001",
        "H22-210809-0001 ",
        "H" * 36 + "-210809-0001",
        "09.H44.181214.00108",
    ],
)
def test_other_forms_are_no_codes_of_ours(text: str) -> None:
    """Codes of other systems are kept as they are and count for no agency."""
    assert parse_code(text) is None
