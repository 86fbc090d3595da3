"""Days, limits, sums and people's words on forms."""

from datetime import date, datetime, timedelta, timezone

import pytest

from kernel.base.instants import from_datetime
from office.forms.wording import (
    printed,
    sum_in_words,
    written_day,
    written_limit,
    written_moment,
    written_sum,
)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "không đồng"),
        (5, "năm đồng"),
        (10, "mười đồng"),
        (11, "mười một đồng"),
        (15, "mười lăm đồng"),
        (21, "hai mươi mốt đồng"),
        (24, "hai mươi bốn đồng"),
        (55, "năm mươi lăm đồng"),
        (100, "một trăm đồng"),
        (101, "một trăm linh một đồng"),
        (105, "một trăm linh năm đồng"),
        (110, "một trăm mười đồng"),
        (28_000, "hai mươi tám nghìn đồng"),
        (600_000, "sáu trăm nghìn đồng"),
        (1_000_000, "một triệu đồng"),
        (1_000_005, "một triệu không trăm linh năm đồng"),
        (1_205_000, "một triệu hai trăm linh năm nghìn đồng"),
        (1_050_031, "một triệu không trăm năm mươi nghìn không trăm ba mươi mốt đồng"),
        (2_000_000_000, "hai tỷ đồng"),
        (1_000_000_000_000, "một nghìn tỷ đồng"),
        (3_000_000_001, "ba tỷ không trăm linh một đồng"),
    ],
)
def test_a_sum_is_written_out(amount: int, words: str) -> None:
    """By the rules of reading: linh, mốt, lăm, and hundreds of later groups."""
    assert sum_in_words(amount) == words


def test_no_sum_is_negative() -> None:
    """Nobody pays less than nothing."""
    with pytest.raises(ValueError, match="negative"):
        sum_in_words(-1)


def test_sums_have_dots() -> None:
    """Between thousands."""
    assert [written_sum(0), written_sum(1_205_000)] == ["0", "1.205.000"]


def test_days_have_zeros_where_the_decree_has_them() -> None:
    """Before days to 9 and months to 2, so that nothing can be written in front."""
    assert written_day(date(2021, 8, 9)) == "ngày 09 tháng 8 năm 2021"
    assert written_day(date(2025, 2, 10)) == "ngày 10 tháng 02 năm 2025"


def test_an_instant_is_written_in_local_time() -> None:
    """The last minute of a day stays on it."""
    at = datetime(2025, 9, 14, 23, 59, tzinfo=timezone(timedelta(hours=7)))
    assert written_moment(from_datetime(at), "Asia/Ho_Chi_Minh") == (
        "23 giờ 59 phút, ngày 14 tháng 9 năm 2025"
    )


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("5wd", "05 ngày làm việc"),
        ("15wd", "15 ngày làm việc"),
        ("0.5wd", "0,5 ngày làm việc"),
        ("30cd", "30 ngày"),
        ("8wh", "08 giờ làm việc"),
        ("20cd+5wd", "20 ngày, sau đó 05 ngày làm việc"),
        ("none", ""),
        ("as another system has it", ""),
    ],
)
def test_a_limit_is_written(limit: str, words: str) -> None:
    """As the procedure has it; nothing where it has none."""
    assert written_limit(limit) == words


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("Nguyễn Thị Hoa", "Nguyễn Thị Hoa"),
        ("  Nguyễn\n\tThị \u00a0 Hoa ", "Nguyễn Thị Hoa"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("a\u202eb\u2066c\u200bd\x00e\x1b[31m", "abcde[31m"),
        ("#eval(1) *x* $y$ \\", "#eval(1) *x* $y$ \\"),
    ],
)
def test_words_are_made_printable(text: str, there: str) -> None:
    """Controls and marks of direction go; letters and the template language's signs stay."""
    assert printed(text) == there
