"""Item numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.normalization import item_numbers
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
    assert item_numbers.item_number(number) == number


@pytest.mark.parametrize("serial", [-1, 100_000_000])
def test_a_serial_has_eight_digits(serial: int) -> None:
    """What does not fit is refused."""
    with pytest.raises(ValueError, match="8 digits"):
        s10.item_number(serial)
