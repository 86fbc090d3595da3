"""Working time against a slow second opinion, and what holds for every calendar."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.base.instants import DAY, HOUR, MINUTE
from office.worktime.working_time import (
    Calendar,
    DayKind,
    DayRule,
    Duration,
    DurationUnit,
    ResumePolicy,
    Session,
    TimeLimit,
    due_at,
    latest_start,
    local_day,
    resume_due,
    stretches_between,
    working_us,
)
from tests.support import working_time_oracle as oracle

VIETNAM = "Asia/Ho_Chi_Minh"
AMSTERDAM = "Europe/Amsterdam"
MOST_EXAMPLES = settings(deadline=None, max_examples=60)

ZONES = [
    VIETNAM,
    AMSTERDAM,
    "America/St_Johns",  # half an hour off, and its clocks once changed a minute after midnight
    "Australia/Lord_Howe",  # a change of half an hour
    "Pacific/Apia",  # 30/12/2011 did not exist
]
LANDMARKS = [
    date(2021, 2, 8),
    date(2011, 3, 26),
    date(2011, 10, 29),
    date(2011, 11, 5),
    date(2011, 4, 2),
    date(2011, 12, 29),
    date(2010, 3, 12),
]


@st.composite
def sessions(draw: st.DrawFn) -> oracle.Sessions:
    """Draw up to three sessions of a day, touching ones and the whole day included."""
    count = draw(st.integers(1, 3))
    edges = sorted(
        draw(st.lists(st.integers(0, 96), min_size=2 * count, max_size=2 * count, unique=True))
    )
    return tuple((edges[i] * 15, edges[i + 1] * 15) for i in range(0, 2 * count, 2))


@st.composite
def offices(draw: st.DrawFn) -> tuple[oracle.Office, int]:
    """Draw an office that works, and a minute near a day on which something happens."""
    landmark = draw(st.sampled_from(LANDMARKS))
    week = tuple(draw(st.lists(st.just(()) | sessions(), min_size=7, max_size=7)))
    if not any(week):
        week = (draw(sessions()), *week[1:])
    dates = draw(
        st.dictionaries(
            st.integers(-5, 9).map(lambda n: date.fromordinal(landmark.toordinal() + n)),
            st.just(()) | sessions(),
            max_size=6,
        )
    )
    office = oracle.Office(draw(st.sampled_from(ZONES)), week, dates)
    epoch = date(1970, 1, 1).toordinal()
    start = (landmark.toordinal() - epoch) * 1440 + draw(st.integers(-2 * 1440, 4 * 1440))
    return office, start


def as_calendar(office: oracle.Office) -> Calendar:
    """Make the calendar that says the same as an office."""

    def own(pairs: oracle.Sessions) -> tuple[Session, ...]:
        return tuple(Session(*pair) for pair in pairs)

    rules = {
        day: DayRule(DayKind.OWN if pairs else DayKind.OFF, own(pairs))
        for day, pairs in office.dates.items()
    }
    return Calendar("drawn", "drawn-1", office.zone, tuple(map(own, office.week)), rules)


def minutes(count: int) -> Duration:
    """Return a duration of some working minutes."""
    return Duration(Fraction(count, 60), DurationUnit.WORKING_HOUR)


@MOST_EXAMPLES
@given(offices(), st.integers(1, 1500))
def test_due_dates_equal_the_oracle(drawn: tuple[oracle.Office, int], count: int) -> None:
    """A due date is the one found by looking at every minute."""
    office, start = drawn
    found = due_at(as_calendar(office), start * MINUTE, minutes(count))

    assert found == oracle.due(office, start, count) * MINUTE


@MOST_EXAMPLES
@given(offices(), st.integers(0, 6 * 1440))
def test_working_time_equals_the_oracle(drawn: tuple[oracle.Office, int], length: int) -> None:
    """Working time between two instants is the number of working minutes counted one by one."""
    office, start = drawn
    found = working_us(as_calendar(office), start * MINUTE, (start + length) * MINUTE)

    assert found == oracle.worked(office, start, start + length) * MINUTE


@MOST_EXAMPLES
@given(offices(), st.integers(0, 5))
def test_calendar_days_equal_the_oracle(drawn: tuple[oracle.Office, int], days: int) -> None:
    """The end of calendar days is the one found by looking at every minute of the end day."""
    office, start = drawn
    if office.zone in ("Pacific/Apia", "America/St_Johns"):
        office = oracle.Office(AMSTERDAM, office.week, office.dates)
    found = due_at(
        as_calendar(office), start * MINUTE, Duration(Fraction(days + 1), DurationUnit.CALENDAR_DAY)
    )

    assert found == oracle.due_in_days(office, start, days + 1) * MINUTE


@MOST_EXAMPLES
@given(offices(), st.integers(1, 900), st.integers(0, 1500), st.integers(0, 3 * 1440))
def test_resumption_equals_the_oracle(
    drawn: tuple[oracle.Office, int], count: int, ran: int, paused: int
) -> None:
    """Keeping the remainder adds the minutes waited; restarting forgets what ran."""
    office, start = drawn
    suspended, resumed = start + ran, start + ran + paused
    due = oracle.due(office, start, count)
    waited = oracle.worked(office, suspended, resumed)
    resumption: dict[str, Any] = {
        "due": due * MINUTE,
        "suspended_at": suspended * MINUTE,
        "resumed_at": resumed * MINUTE,
        "limit": TimeLimit((minutes(count),)),
    }
    kept = resume_due(as_calendar(office), ResumePolicy.KEEP, **resumption)
    restarted = resume_due(as_calendar(office), ResumePolicy.RESTART, **resumption)

    assert kept == oracle.due(office, due, waited) * MINUTE
    assert restarted == oracle.due(office, resumed, count) * MINUTE


@MOST_EXAMPLES
@given(offices(), st.integers(1, 60 * HOUR), st.integers(0, MINUTE))
def test_due_at_and_working_us_are_inverse(
    drawn: tuple[oracle.Office, int], length: int, offset: int
) -> None:
    """Between start and due date lies exactly the duration, and at no instant before it."""
    office, start_minute = drawn
    office_calendar, start = as_calendar(office), start_minute * MINUTE + offset
    duration = Duration(Fraction(length, HOUR), DurationUnit.WORKING_HOUR)
    due = due_at(office_calendar, start, duration)
    assert due is not None

    assert working_us(office_calendar, start, due) == length
    assert working_us(office_calendar, start, due - 1) == length - 1
    assert working_us(office_calendar, due, start) == -length
    latest = latest_start(office_calendar, due, duration)
    assert start <= latest
    assert working_us(office_calendar, latest, due) == length
    assert working_us(office_calendar, latest + 1, due) == length - 1


@MOST_EXAMPLES
@given(
    offices(),
    st.integers(1, 3000),
    st.integers(0, 3000),
    st.integers(0, 3 * DAY),
    st.sampled_from([DurationUnit.WORKING_HOUR, DurationUnit.WORKING_DAY]),
)
def test_due_dates_are_monotone(
    drawn: tuple[oracle.Office, int], count: int, more: int, later: int, unit: DurationUnit
) -> None:
    """Who starts later, or has more time, is never due earlier."""
    office, start = drawn
    office_calendar = as_calendar(office)
    due = due_at(office_calendar, start * MINUTE, Duration(Fraction(count, 60), unit))
    longer = due_at(office_calendar, start * MINUTE, Duration(Fraction(count + more, 60), unit))
    delayed = due_at(office_calendar, start * MINUTE + later, Duration(Fraction(count, 60), unit))

    assert due is not None
    assert longer is not None
    assert delayed is not None
    assert due <= longer
    assert due <= delayed


@MOST_EXAMPLES
@given(offices(), st.integers(0, 5 * DAY))
def test_account_adds_up(drawn: tuple[oracle.Office, int], length: int) -> None:
    """An account has no hole, and its counted stretches are the working time."""
    office, start_minute = drawn
    office_calendar, start = as_calendar(office), start_minute * MINUTE
    stretches = list(stretches_between(office_calendar, start, start + length))

    assert [s.from_at for s in stretches] == [start, *(s.to_at for s in stretches)][
        : len(stretches)
    ]
    assert sum(s.to_at - s.from_at for s in stretches) == length
    counted = sum(s.to_at - s.from_at for s in stretches if s.counted)
    assert counted == working_us(office_calendar, start, start + length)
    assert all(s.day == local_day(office_calendar, s.from_at) for s in stretches)


@MOST_EXAMPLES
@given(offices(), st.lists(st.integers(-12, 12), min_size=1, max_size=3), st.integers(1, 3000))
def test_answers_do_not_depend_on_earlier_questions(
    drawn: tuple[oracle.Office, int], years: list[int], count: int
) -> None:
    """A calendar that was asked about other years answers as a fresh one does."""
    office, start = drawn
    asked = as_calendar(office)
    for year in years:
        working_us(asked, start * MINUTE, start * MINUTE + year * 365 * DAY)
    fresh = as_calendar(office)

    assert due_at(asked, start * MINUTE, minutes(count)) == due_at(
        fresh, start * MINUTE, minutes(count)
    )
