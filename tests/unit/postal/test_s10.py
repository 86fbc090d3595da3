"""Item numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.base.errors import Invalid
from services.postal.application.handlers import check_item_number
from services.postal.domain import s10


def digit(serial: int) -> int:
    """Compute the check digit by the standard's own words, apart from the library."""
    weighted = sum(
        int(d) * w for d, w in zip(f"{serial:08d}", (8, 6, 4, 2, 3, 5, 9, 7), strict=True)
    )
    return {10: 0, 11: 5}.get(11 - weighted % 11, 11 - weighted % 11)


@given(st.integers(0, s10.MAX_SERIAL))
def test_a_number_carries_the_check_digit_of_the_standard(serial: int) -> None:
    """Every serial gives RR, itself, the digit computed by hand and VN; and passes the check."""
    number = s10.item_number(serial)

    assert number == f"RR{serial:08d}{digit(serial)}VN"
    check_item_number(number)


@pytest.mark.parametrize("serial", [-1, 100_000_000])
def test_a_serial_has_eight_digits(serial: int) -> None:
    """What does not fit is refused."""
    with pytest.raises(ValueError, match="8 digits"):
        s10.item_number(serial)


def test_fault_53_a_wrong_check_digit_is_refused_with_the_expected_one() -> None:
    """The partner is told which digit it must be, in both languages."""
    with pytest.raises(Invalid) as caught:
        check_item_number("RR123456784VN")

    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("item_number", "s10.check_digit")
    assert "expected 5" in violation.en
    assert "phải là 5" in violation.vi


@pytest.mark.parametrize("number", ["RR12345678VN", "rr123456785vn", "RR12345678５VN", "x" * 13])
def test_what_does_not_look_like_an_item_number_is_refused(number: str) -> None:
    """Only the standard's shape in plain capitals and digits is taken."""
    with pytest.raises(Invalid) as caught:
        check_item_number(number)

    assert caught.value.violations[0].rule == "s10.form"
