"""Working time: the worked vectors, changes of the clocks, and calendars without work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from kernel.base.instants import DAY, HOUR, from_datetime, to_datetime
from office.worktime.calendars.vietnam import state_office
from office.worktime.working_time import (
    NO_DURATION,
    NO_LIMIT,
    Calendar,
    DayKind,
    DayRule,
    Duration,
    DurationUnit,
    NoWorkingTime,
    OutOfRange,
    ResumePolicy,
    Session,
    TimeLimit,
    due_at,
    latest_day_before,
    latest_start,
    limit_due_at,
    next_working_instant,
    phase_ends,
    resume_due,
    same_day_due,
    stretches_between,
    working_us,
)

VIETNAM = "Asia/Ho_Chi_Minh"
OFFICE_HOURS = (Session(420, 690), Session(810, 1020))
WEEKDAYS_ONLY = (OFFICE_HOURS,) * 5 + ((), ())


def at(text: str, zone: str = VIETNAM) -> int:
    """Read ``09/08/2021 16:35`` as a wall clock."""
    return from_datetime(datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZoneInfo(zone)))


def wall(us: int | None, zone: str = VIETNAM) -> str:
    """Print an instant as a wall clock."""
    assert us is not None
    return to_datetime(us, zone).strftime("%a %d/%m/%Y %H:%M")


def calendar(
    week: tuple[tuple[Session, ...], ...] = WEEKDAYS_ONLY,
    zone: str = VIETNAM,
    days: dict[date, DayRule] | None = None,
) -> Calendar:
    """Make a calendar that no document ordered."""
    return Calendar("test", "test-1", zone, week, days or {})


VECTORS = [
    ("09/08/2021 16:35", "3wd", "Thu 12/08/2021 16:35"),
    ("09/08/2021 17:30", "3wd", "Thu 12/08/2021 17:00"),
    ("29/04/2021 15:30", "2wd", "Wed 05/05/2021 15:30"),
    ("09/02/2021 16:00", "2wd", "Thu 18/02/2021 16:00"),
    ("01/09/2021 09:00", "1wd", "Mon 06/09/2021 09:00"),
    ("31/12/2025 10:00", "2wd", "Tue 06/01/2026 10:00"),
    ("21/08/2026 16:00", "1wd", "Sat 22/08/2026 16:00"),
    ("14/08/2021 09:00", "4wh", "Mon 16/08/2021 11:00"),
    ("09/08/2021 09:00", "5wd", "Mon 16/08/2021 09:00"),
]


@pytest.mark.parametrize(("start", "duration", "due"), VECTORS)
def test_worked_vectors(start: str, duration: str, due: str) -> None:
    """Due dates of the state office are those worked out by hand."""
    assert wall(due_at(state_office(), at(start), Duration.parse(duration))) == due


@pytest.mark.parametrize(
    ("policy", "due"),
    [(ResumePolicy.KEEP, "Fri 20/08/2021 14:00"), (ResumePolicy.RESTART, "Tue 24/08/2021 15:00")],
)
def test_resumption_vector(policy: ResumePolicy, due: str) -> None:
    """After a suspension the remainder is kept, or the full duration runs again."""
    suspended, resumed = at("11/08/2021 10:00"), at("17/08/2021 15:00")

    assert working_us(state_office(), suspended, resumed) == 35 * HOUR
    assert due == wall(
        resume_due(
            state_office(),
            policy,
            due=at("16/08/2021 09:00"),
            suspended_at=suspended,
            resumed_at=resumed,
            limit=TimeLimit.parse("5wd"),
        )
    )


@pytest.mark.parametrize(
    ("start", "begins"),
    [
        ("09/08/2021 06:10", "Mon 09/08/2021 07:00"),
        ("09/08/2021 07:00", "Mon 09/08/2021 07:00"),
        ("09/08/2021 11:30", "Mon 09/08/2021 13:30"),
        ("09/08/2021 12:15", "Mon 09/08/2021 13:30"),
        ("09/08/2021 17:00", "Tue 10/08/2021 07:00"),
        ("13/08/2021 18:00", "Mon 16/08/2021 07:00"),
        ("01/01/2026 09:00", "Mon 05/01/2026 07:00"),
        ("09/01/2026 18:00", "Sat 10/01/2026 07:00"),
    ],
)
def test_next_working_instant(start: str, begins: str) -> None:
    """The clock starts at once in a session, else at the next opening."""
    assert wall(next_working_instant(state_office(), at(start))) == begins


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        ("09/08/2021 09:00", "2cd", "Wed 11/08/2021 09:00"),
        ("09/08/2021 09:00", "5cd", "Mon 16/08/2021 09:00"),
        ("09/08/2021 17:30", "1cd", "Tue 10/08/2021 17:00"),
        ("09/08/2021 12:00", "1cd", "Tue 10/08/2021 11:30"),
        ("09/08/2021 06:00", "1cd", "Tue 10/08/2021 07:00"),
        ("03/02/2021 10:00", "7cd", "Wed 17/02/2021 10:00"),
        ("31/12/2025 10:00", "10cd", "Sat 10/01/2026 10:00"),
    ],
)
def test_calendar_days(start: str, duration: str, due: str) -> None:
    """Calendar days keep the clock, move off days off, and stay within the day's sessions."""
    assert wall(due_at(state_office(), at(start), Duration.parse(duration))) == due


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("09/08/2021 08:00", "Mon 09/08/2021 17:00"),
        ("09/08/2021 15:00", "Mon 09/08/2021 17:00"),
        ("09/08/2021 15:01", "Tue 10/08/2021 17:00"),
        ("09/08/2021 19:00", "Tue 10/08/2021 17:00"),
        ("13/08/2021 15:30", "Mon 16/08/2021 17:00"),
        ("14/08/2021 09:00", "Mon 16/08/2021 17:00"),
        ("21/08/2026 16:00", "Sat 22/08/2026 17:00"),
    ],
)
def test_same_day_cut_off(received: str, due: str) -> None:
    """A same-day procedure is due at closing; after 15:00, at the next working day's closing."""
    assert wall(same_day_due(state_office(), at(received))) == due


def test_same_day_after_an_early_closing() -> None:
    """A half day that is over does not take another dossier, though the cut-off has not come."""
    half = DayRule(DayKind.OWN, (Session(420, 690),))
    office = calendar(days={date(2021, 8, 9): half})

    assert wall(same_day_due(office, at("09/08/2021 14:00"))) == "Tue 10/08/2021 17:00"
    assert wall(same_day_due(office, at("09/08/2021 11:00"))) == "Mon 09/08/2021 11:30"


def test_warning_before_the_due_date() -> None:
    """A warning one working day or four hours before is the last instant with so much left."""
    due = at("16/08/2021 09:00")

    assert wall(latest_start(state_office(), due, Duration.parse("1wd"))) == "Fri 13/08/2021 09:00"
    assert wall(latest_start(state_office(), due, Duration.parse("4wh"))) == "Fri 13/08/2021 15:00"
    assert wall(latest_start(state_office(), due, Duration.parse("2wh"))) == "Mon 16/08/2021 07:00"
    assert wall(latest_start(state_office(), due, Duration.parse("3cd"))) == "Fri 13/08/2021 09:00"


@pytest.mark.parametrize(
    ("due", "latest"),
    [
        ("16/08/2021 09:00", "Fri 13/08/2021 09:00"),
        ("11/08/2021 17:00", "Tue 10/08/2021 23:59"),
        ("11/08/2021 07:00", "Tue 10/08/2021 07:00"),
    ],
)
def test_a_day_ahead_is_not_the_day_itself(due: str, latest: str) -> None:
    """A whole day is left before its opening, too, but that is no day ahead."""
    found = latest_day_before(state_office(), at(due), Duration.parse("1wd"))

    assert wall(found) == latest


def test_no_duration_has_no_due_date() -> None:
    """A procedure without a limit has no due date, before and after a suspension."""
    start = at("09/08/2021 09:00")

    assert due_at(state_office(), start, NO_DURATION) is None
    for policy in ResumePolicy:
        assert (
            resume_due(
                state_office(),
                policy,
                due=None,
                suspended_at=start,
                resumed_at=start + DAY,
                limit=NO_LIMIT,
            )
            is None
        )


def test_pause_of_a_late_dossier() -> None:
    """Who was four working hours late when suspended is four hours late when it goes on."""
    due, suspended, resumed = (
        at("10/08/2021 09:00"),
        at("10/08/2021 14:30"),
        at("16/08/2021 08:00"),
    )
    late = working_us(state_office(), due, suspended)
    moved = resume_due(
        state_office(),
        ResumePolicy.KEEP,
        due=due,
        suspended_at=suspended,
        resumed_at=resumed,
        limit=TimeLimit.parse("1wd"),
    )

    assert moved is not None
    assert working_us(state_office(), moved, resumed) == late


def test_resumption_before_suspension_is_refused() -> None:
    """A pause can't end before it began."""
    with pytest.raises(ValueError, match="before suspended_at"):
        resume_due(
            state_office(),
            ResumePolicy.KEEP,
            due=2,
            suspended_at=1,
            resumed_at=0,
            limit=TimeLimit.parse("1wd"),
        )


def test_account_explains_a_due_date() -> None:
    """The way to a due date is told without a hole, each day off with its reason, and adds up."""
    start = at("31/12/2025 10:00")
    due = due_at(state_office(), start, Duration.parse("2wd"))
    assert due is not None
    stretches = list(stretches_between(state_office(), start, due))

    assert [s.from_at for s in stretches[1:]] == [s.to_at for s in stretches[:-1]]
    assert (stretches[0].from_at, stretches[-1].to_at) == (start, due)
    assert sum(s.to_at - s.from_at for s in stretches if s.counted) == 16 * HOUR
    skipped = {s.day: s.rule for s in stretches if not s.counted and s.rule}
    assert [d.isoformat() for d in skipped] == ["2026-01-01", "2026-01-02"]
    assert skipped[date(2026, 1, 2)].source == "12729/VPCP-KGVX, 25/12/2025"


NIGHT = (Session(60, 300),)
NIGHTS = (NIGHT,) * 7
AMSTERDAM = "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("day", "hours"), [("27/03/2011", 3), ("28/03/2011", 4), ("30/10/2011", 5), ("31/10/2011", 4)]
)
def test_a_session_across_a_change_of_the_clocks(day: str, hours: int) -> None:
    """A night session 01:00-05:00 is an hour shorter in spring and an hour longer in autumn."""
    office = calendar(NIGHTS, AMSTERDAM)
    midnight = at(f"{day} 00:00", AMSTERDAM)

    assert working_us(office, midnight, at(f"{day} 12:00", AMSTERDAM)) == hours * HOUR
    assert due_at(office, midnight, Duration(Fraction(hours), DurationUnit.WORKING_HOUR)) == at(
        f"{day} 05:00", AMSTERDAM
    )


def test_wall_clock_survives_a_change_of_the_clocks() -> None:
    """By day, working days and calendar days keep the wall clock over a change of the clocks."""
    office = calendar(zone=AMSTERDAM)
    start = at("25/03/2011 10:00", AMSTERDAM)

    for duration in ("1wd", "3cd"):
        due = due_at(office, start, Duration.parse(duration))
        assert wall(due, AMSTERDAM) == "Mon 28/03/2011 10:00"
        assert due == start + 3 * DAY - HOUR


NEVER = ((),) * 7


@pytest.mark.parametrize("duration", ["1wd", "1wh", "0.001wh", "1cd", "400cd"])
def test_a_calendar_without_work_refuses(duration: str) -> None:
    """A calendar that never opens is refused by name, at once."""
    with pytest.raises(NoWorkingTime, match="'test' has no working time within 366 days"):
        due_at(calendar(NEVER), at("09/08/2021 09:00"), Duration.parse(duration))


def test_every_question_to_a_calendar_without_work_ends() -> None:
    """No question about a calendar that never opens runs on."""
    office, start = calendar(NEVER), at("09/08/2021 09:00")

    assert working_us(office, start, start + 900 * DAY) == 0
    assert [s.counted for s in stretches_between(office, start, start + DAY)] == [False, False]
    questions: list[Callable[[], object]] = [
        lambda: next_working_instant(office, start),
        lambda: same_day_due(office, start),
        lambda: latest_start(office, start, Duration.parse("1wd")),
    ]
    for ask in questions:
        with pytest.raises(NoWorkingTime):
            ask()


@pytest.mark.parametrize("first_asked", ["09/08/2021 09:00", "01/03/2023 09:00"])
def test_a_stretch_of_more_than_a_year_is_not_crossed(first_asked: str) -> None:
    """Work that resumes after 13 months is not reached, whatever was asked before."""
    full = DayRule(DayKind.OWN, OFFICE_HOURS)
    days = {date(2021, 8, 9): full, date(2022, 9, 9): full, date(2023, 9, 9): full}
    office = calendar(NEVER, days=days)
    working_us(office, at(first_asked), at(first_asked) + DAY)

    assert wall(due_at(office, at("09/08/2021 08:00"), Duration.parse("7wh"))).endswith("17:00")
    with pytest.raises(NoWorkingTime):
        due_at(office, at("09/08/2021 08:00"), Duration.parse("7.1wh"))
    with pytest.raises(NoWorkingTime):
        latest_start(office, at("09/09/2022 08:00"), Duration.parse("1.1wh"))
    assert wall(due_at(office, at("09/09/2022 07:00"), Duration.parse("9wh"))).startswith(
        "Sat 09/09/2023"
    )


@pytest.mark.parametrize("year", [1890, 1900, 2200, 9000])
def test_instants_out_of_reach_are_refused(year: int) -> None:
    """Instants outside the years 1901 to 2199 are refused, not guessed at."""
    with pytest.raises(OutOfRange, match="1901 to 2199"):
        due_at(calendar(), at(f"01/06/{year} 09:00"), Duration.parse("1wd"))


def test_the_end_of_all_calendars() -> None:
    """A due date past the year 2200 is refused."""
    with pytest.raises(NoWorkingTime):
        due_at(calendar(), at("01/06/2199 09:00"), Duration.parse("10000wd"))


@pytest.mark.parametrize(
    ("start", "limit", "ends"),
    [
        # Saturday 14/08 rolls to Monday; three working days from there.
        ("09/08/2021 09:00", "5cd+3wd", ["Mon 16/08/2021 09:00", "Thu 19/08/2021 09:00"]),
        # The other way round it is another date: Thursday 12/08, and five days from there.
        ("09/08/2021 09:00", "3wd+5cd", ["Thu 12/08/2021 09:00", "Tue 17/08/2021 09:00"]),
        # Sunday 29/08 rolls to Monday, closing time; then 31/08, 01/09, 06/09 to 08/09, as
        # Independence Day is two days off.
        ("09/08/2021 17:30", "20cd+5wd", ["Mon 30/08/2021 17:00", "Wed 08/09/2021 17:00"]),
        # Friday until 17:00 and Monday until 09:00; a day; half a working day with a break in it.
        (
            "13/08/2021 15:00",
            "4wh+1cd+0.5wd",
            ["Mon 16/08/2021 09:00", "Tue 17/08/2021 09:00", "Tue 17/08/2021 15:00"],
        ),
    ],
)
def test_each_phase_begins_where_the_one_before_is_due(
    start: str, limit: str, ends: list[str]
) -> None:
    """A limit in phases is laid phase by phase; what is due last is the due date."""
    length = TimeLimit.parse(limit)

    assert [wall(end) for end in phase_ends(state_office(), at(start), length)] == ends
    assert wall(limit_due_at(state_office(), at(start), length)) == ends[-1]


def test_a_restart_counts_all_phases_again() -> None:
    """From Tuesday 17/08: Sunday 22/08 rolls to Monday; three working days later it is due."""
    due = resume_due(
        state_office(),
        ResumePolicy.RESTART,
        due=at("19/08/2021 09:00"),
        suspended_at=at("11/08/2021 10:00"),
        resumed_at=at("17/08/2021 15:00"),
        limit=TimeLimit.parse("5cd+3wd"),
    )

    assert wall(due) == "Thu 26/08/2021 15:00"


def test_no_limit_has_no_phases() -> None:
    """Without a limit nothing is due."""
    assert phase_ends(state_office(), at("09/08/2021 09:00"), NO_LIMIT) == ()
    assert limit_due_at(state_office(), at("09/08/2021 09:00"), NO_LIMIT) is None
