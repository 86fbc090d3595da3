"""Days, instants, limits, sums of money and people's words, as Vietnamese forms write them."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Final

from kernel.base.instants import to_datetime
from office.worktime.durations import Duration, DurationError, DurationUnit, limit_of

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS: Final = ("", "nghìn", "triệu")
_UNITS: Final = {
    DurationUnit.WORKING_DAY: "ngày làm việc",
    DurationUnit.CALENDAR_DAY: "ngày",
    DurationUnit.WORKING_HOUR: "giờ làm việc",
}


def printed(text: str) -> str:
    """Return a text as it can be printed on one line: composed letters, no controls, no marks that
    change the direction, nothing that nobody can see.
    """
    spaced = (" " if each.isspace() else each for each in unicodedata.normalize("NFC", text))
    return " ".join("".join(each for each in spaced if each.isprintable()).split())


def capitalized(text: str) -> str:
    """Return a text with its first letter as a capital; the others stay."""
    return text[:1].upper() + text[1:]


def written_day(day: date) -> str:
    """Write a day as Decree 30/2020/NĐ-CP has it: zeros before days to 9 and months to 2."""
    month = f"{day.month:02}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02} tháng {month} năm {day.year}"


def written_moment(us: int, time_zone: str) -> str:
    """Write an instant: 16 giờ 35 phút, ngày 09 tháng 8 năm 2021."""
    local = to_datetime(us, time_zone)
    return f"{local:%H} giờ {local:%M} phút, {written_day(local.date())}"


def written_limit(text: str) -> str:
    """Write a time limit, such as ``15wd`` or ``20cd+5wd``; empty for none."""
    try:
        limit = limit_of(text)
    except DurationError:
        return ""
    return ", sau đó ".join(map(_written_duration, limit.phases))


def _written_duration(duration: Duration) -> str:
    amount = duration.amount
    whole = amount.denominator == 1
    number = f"{amount.numerator:02}" if whole else f"{float(amount):g}".replace(".", ",")
    return f"{number} {_UNITS[duration.unit]}"


def written_sum(amount: int) -> str:
    """Write a sum in đồng, with dots between thousands."""
    return f"{amount:,}".replace(",", ".")


def sum_in_words(amount: int) -> str:
    """Write a sum out: 1.205.000 is "một triệu hai trăm linh năm nghìn đồng".

    Raise ``ValueError`` for a negative one.
    """
    if amount < 0:
        raise ValueError(f"must not be negative, got {amount}")
    return f"{_number_in_words(amount)} đồng"


def _number_in_words(number: int) -> str:
    billions, rest = divmod(number, 10**9)
    words = [f"{_number_in_words(billions)} tỷ"] if billions else []
    for place in (2, 1, 0):
        group = rest // 1000**place % 1000
        if group:
            words.append(f"{_group_in_words(group, bool(words))} {_GROUPS[place]}".rstrip())
    return " ".join(words) or _DIGITS[0]


def _group_in_words(group: int, follows: bool) -> str:
    """Write 1 to 999; ``follows`` another group, so that its hundreds are said even where 0."""
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [f"{_DIGITS[hundreds]} trăm"] if hundreds or follows else []
    if tens > 1:
        words.append(f"{_DIGITS[tens]} mươi")
    elif tens == 1:
        words.append("mười")
    elif words and ones:
        words.append("linh")
    if ones == 1 and tens > 1:
        words.append("mốt")
    elif ones == 5 and tens:
        words.append("lăm")
    elif ones:
        words.append(_DIGITS[ones])
    return " ".join(words)
