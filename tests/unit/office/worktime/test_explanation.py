"""The way to a due date in words: whose hours a closure takes, and whose it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.base.instants import MINUTE, from_datetime, to_datetime
from office.worktime.calendars.model import Calendar, DayKind, DayRule, Session
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.explanation import (
    ExplainedStretch,
    explained_duration,
    explained_same_day,
    explained_working_time,
)
from office.worktime.working_time import due_at, local_day, same_day_due, working_us

MORNING, AFTERNOON = Session(7 * 60, 11 * 60 + 30), Session(13 * 60 + 30, 17 * 60)
ORDER = "CV 12/2021"
POWER_CUT = ("Power cut", ORDER)
WORKING, OUTSIDE = ("working time", ""), ("outside the sessions", "")


def closed(*left: Session) -> Calendar:
    """Return a calendar by which Tuesday 10/08/2021 has only these sessions left."""
    rule = DayRule(DayKind.CLOSURE, left, "Mất điện", "Power cut", ORDER)
    calendar = state_office()
    return replace(calendar, days={**calendar.days, date(2021, 8, 10): rule})


def at(day: int, clock: str) -> int:
    """Return an instant in August 2021."""
    text = f"2021-08-{day:02d}T{clock}"
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))


def rows_of(spans: list[ExplainedStretch]) -> list[tuple[str, str, bool, tuple[str, str]]]:
    """Write stretches as from, to, counted, reason with its document; none leaves a hole."""
    for stretch, other in pairwise(spans):
        assert stretch.stretch.to_at == other.stretch.from_at
    return [
        (
            clock(span.stretch.from_at),
            clock(span.stretch.to_at),
            span.stretch.counted,
            (span.reason_en, span.source),
        )
        for span in spans
    ]


def clock(instant: int) -> str:
    """Show the wall clock of an instant."""
    return f"{to_datetime(instant).astimezone(ZoneInfo('Asia/Ho_Chi_Minh')):%H:%M}"


def test_a_closed_afternoon_leaves_the_morning_working_time() -> None:
    """Only the hours that the closure takes have its reason, not the break and not the evening."""
    assert rows_of(
        list(explained_working_time(closed(MORNING), at(10, "07:00"), at(11, "08:00")))
    ) == [
        ("07:00", "11:30", True, WORKING),
        ("11:30", "13:30", False, OUTSIDE),
        ("13:30", "17:00", False, POWER_CUT),
        ("17:00", "00:00", False, OUTSIDE),
        ("00:00", "07:00", False, OUTSIDE),
        ("07:00", "08:00", True, WORKING),
    ]


def test_hours_closed_within_a_session_are_cut_out_of_it() -> None:
    """A stretch that begins in the closed hours is told from there on."""
    left = (Session(7 * 60, 8 * 60), Session(10 * 60, 11 * 60 + 30), AFTERNOON)
    assert rows_of(
        list(explained_working_time(closed(*left), at(10, "09:00"), at(10, "10:30")))
    ) == [
        ("09:00", "10:00", False, POWER_CUT),
        ("10:00", "10:30", True, WORKING),
    ]


def test_a_closure_of_the_whole_day_is_told_as_one() -> None:
    """Nobody cares for sessions on a day without any."""
    assert rows_of(list(explained_working_time(closed(), at(10, "00:00"), at(11, "00:00")))) == [
        ("00:00", "00:00", False, POWER_CUT)
    ]


def test_calendar_days_wait_for_the_end_of_a_closed_morning() -> None:
    """What follows the counted days is told apart: the night, and the hours closed."""
    calendar, start, day = closed(AFTERNOON), at(9, "06:00"), Duration.parse("1cd")
    due = due_at(calendar, start, day)
    assert due == at(10, "13:30")

    assert rows_of(list(explained_duration(calendar, start, day, due)))[1:] == [
        ("06:00", "07:00", False, ("until the office works", "")),
        ("07:00", "11:30", False, POWER_CUT),
        ("11:30", "13:30", False, ("until the office works", "")),
    ]


def same_day(received: int, **cut_off: int) -> list[ExplainedStretch]:
    """List the stretches of a same-day procedure by the office's calendar."""
    calendar = state_office()
    due = same_day_due(calendar, received, **cut_off)
    return list(explained_same_day(calendar, received, due, **cut_off))


def test_what_comes_after_the_cut_off_counts_from_the_next_working_day() -> None:
    """The rest of the day of receipt is skipped, and the decree is named that says so."""
    after = ("received after the cut-off, 15:00", "Decree 23/2015 art. 21")
    spans = same_day(at(9, "15:30"))

    assert rows_of(spans) == [
        ("15:30", "17:00", False, after),
        ("17:00", "00:00", False, OUTSIDE),
        ("00:00", "07:00", False, OUTSIDE),
        ("07:00", "11:30", True, WORKING),
        ("11:30", "13:30", False, OUTSIDE),
        ("13:30", "17:00", True, WORKING),
    ]
    assert spans[0].reason_vi == "nhận sau 15:00, tính từ ngày làm việc tiếp theo"


def test_what_comes_at_the_cut_off_counts_at_once() -> None:
    """At 15:00 it is in time."""
    assert rows_of(same_day(at(9, "15:00"))) == [("15:00", "17:00", True, WORKING)]


def test_a_cut_off_of_the_office_s_own_has_no_decree() -> None:
    """Both sessions that are left of the day are skipped by it, the break is a break."""
    after = ("received after the cut-off, 10:30", "")
    assert rows_of(same_day(at(9, "11:00"), cut_off=10 * 60 + 30))[:3] == [
        ("11:00", "11:30", False, after),
        ("11:30", "13:30", False, OUTSIDE),
        ("13:30", "17:00", False, after),
    ]


@pytest.mark.parametrize("cut_off", [15 * 60, 10 * 60 + 30])
@given(minutes=st.integers(0, 60 * 24 * 60))
def test_only_the_day_of_the_closing_is_counted(cut_off: int, minutes: int) -> None:
    """Whenever it comes: what is counted is the working time of the day on which it is due, from
    the receipt on, and all of it.
    """
    calendar, received = state_office(), at(1, "00:00") + minutes * MINUTE
    due = same_day_due(calendar, received, cut_off)

    counted = [span.stretch for span in same_day(received, cut_off=cut_off) if span.stretch.counted]

    day = local_day(calendar, due)
    midnight = from_datetime(
        datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    )
    assert {stretch.day for stretch in counted} == {day}
    assert sum(stretch.to_at - stretch.from_at for stretch in counted) == working_us(
        calendar, max(received, midnight), due
    )
