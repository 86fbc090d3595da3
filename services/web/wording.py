"""Time limits, amounts and instants in words. Pure."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from kernel.base.instants import to_datetime, to_us
from kernel.messages.catalogue import BilingualText, FixedText
from office.catalogue.dossier_code import OFFICE_ZONE
from office.worktime.durations import DurationError, DurationUnit, limit_of
from services.web.texts import TEXTS

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def limit_words(limit: str) -> BilingualText:
    """Return a time limit such as ``5wd`` or ``20cd+5wd`` in words; empty where there is none."""
    try:
        phases = limit_of(limit).phases if limit else ()
    except DurationError:
        return FixedText("", "")
    texts = []
    for phase in phases:
        amount = _number(float(phase.amount))
        kind = {
            DurationUnit.WORKING_DAY: "limit.working_days",
            DurationUnit.CALENDAR_DAY: "limit.days",
        }.get(phase.unit, "limit.working_hours")
        vi, en = TEXTS.entry(kind).vi[0], TEXTS.entry(kind).en
        form = en[0] if amount == "1" else en[-1]
        texts.append(
            FixedText(vi.format(count=amount.replace(".", ",")), form.format(count=amount))
        )
    return FixedText(", rồi ".join(t.vi for t in texts), ", then ".join(t.en for t in texts))


def dong(amount: int) -> BilingualText:
    """Return an amount of money in words."""
    written = f"{amount:,}"
    return FixedText(f"{written.replace(',', '.')} đồng", f"{written} đồng")


def moment(at: Timestamp) -> BilingualText:
    """Return an instant by the office's clock, with the day of the week."""
    local: Any = to_datetime(to_us(at), OFFICE_ZONE)
    day = TEXTS.text(f"day.{_DAYS[local.weekday()]}")
    return FixedText(
        f"{local:%H:%M}, {day.vi} ngày {local:%d/%m/%Y}",
        f"{local:%H:%M}, {day.en} {local.day} {local:%B %Y}",
    )


def _number(amount: float) -> str:
    return f"{amount:.2f}".rstrip("0").rstrip(".")
