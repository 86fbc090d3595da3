"""Time limits, amounts and instants as citizens read them."""

import pytest

from kernel.base.instants import to_timestamp
from services.web.wording import dong, limit_words, moment


@pytest.mark.parametrize(
    ("limit", "vi", "en"),
    [
        ("5wd", "5 ngày làm việc", "5 working days"),
        ("1wd", "1 ngày làm việc", "1 working day"),
        ("0.5wd", "0,5 ngày làm việc", "0.5 working days"),
        ("8wh", "8 giờ làm việc", "8 working hours"),
        ("20cd+5wd", "20 ngày, rồi 5 ngày làm việc", "20 days, then 5 working days"),
        ("none", "", ""),
        ("", "", ""),
        ("soon", "", ""),
    ],
)
def test_a_limit_has_words(limit: str, vi: str, en: str) -> None:
    """Each phase of it; nothing where there is none, or where it can't be read."""
    words = limit_words(limit)
    assert (words.vi, words.en) == (vi, en)


def test_amounts_have_dots_or_commas() -> None:
    """As each language writes them."""
    assert (dong(1_500_000).vi, dong(1_500_000).en) == ("1.500.000 đồng", "1,500,000 đồng")


def test_an_instant_is_by_the_clock_of_the_office() -> None:
    """With the day of the week."""
    words = moment(to_timestamp(1_628_843_400_000_000))
    assert words.vi == "15:30, thứ Sáu ngày 13/08/2021"
    assert words.en == "15:30, Friday 13 August 2021"
