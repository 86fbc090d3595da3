"""The calendar of Vietnamese state offices, and calendars from files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import (
    Calendar,
    CalendarError,
    DayKind,
    DayRule,
    Session,
    parse_sessions,
)
from office.worktime.calendars.snapshot_format import write_snapshot
from office.worktime.calendars.vietnam import (
    STATE_OFFICE_FILE,
    STATE_OFFICE_SNAPSHOT,
    state_office,
)

# Days off from Monday to Friday and worked Saturdays, typed from the official notices.
OFF = {
    2021: "01/01 10/02 11/02 12/02 15/02 16/02 21/04 30/04 03/05 02/09 03/09",
    2022: "03/01 31/01 01/02 02/02 03/02 04/02 11/04 02/05 03/05 01/09 02/09",
    2023: "02/01 20/01 23/01 24/01 25/01 26/01 01/05 02/05 03/05 01/09 04/09",
    2024: "01/01 08/02 09/02 12/02 13/02 14/02 18/04 29/04 30/04 01/05 02/09 03/09",
    2025: "01/01 27/01 28/01 29/01 30/01 31/01 07/04 30/04 01/05 02/05 01/09 02/09",
    2026: "01/01 02/01 16/02 17/02 18/02 19/02 20/02 27/04 30/04 01/05 31/08 01/09 02/09 24/11",
    2027: "01/01 04/02 05/02 08/02 09/02 10/02 16/04 30/04 03/05 02/09 03/09 24/11",
}
WORKED = {2024: "04/05", 2025: "26/04", 2026: "10/01 22/08"}


def days_of(year: int) -> list[date]:
    """List the days of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def test_what_ships_is_what_its_file_says() -> None:
    """Written out byte for byte; after a change of either: `python -m tools.shipped_calendar`."""
    assert STATE_OFFICE_SNAPSHOT.read_bytes() == write_snapshot(load_calendar(STATE_OFFICE_FILE))


@pytest.mark.parametrize("year", sorted(OFF))
def test_days_off_and_worked_saturdays(year: int) -> None:
    """Each year's days off and worked Saturdays are those of the notices, no more and no fewer."""
    office = state_office()
    off = [d for d in days_of(year) if d.weekday() < 5 and not office.is_working_day(d)]
    worked = [d for d in days_of(year) if d.weekday() >= 5 and office.is_working_day(d)]

    assert " ".join(f"{d:%d/%m}" for d in off) == OFF[year]
    assert " ".join(f"{d:%d/%m}" for d in worked) == WORKED.get(year, "")


@pytest.mark.parametrize("day", [date(2018, 12, 31), date(2019, 4, 29)])
def test_swaps_before_2021(day: date) -> None:
    """The swaps of 2018 and 2019 are known, with the Saturdays worked for them."""
    assert not state_office().is_working_day(day)
    for saturday in (date(2019, 1, 5), date(2019, 5, 4)):
        assert state_office().is_working_day(saturday)


def test_worked_saturdays_have_the_sessions_of_the_day_they_replace() -> None:
    """A compensatory Saturday is worked as the Friday that it replaces."""
    assert state_office().sessions_on(date(2026, 1, 10)) == (Session(420, 690), Session(810, 1020))
    assert state_office().days[date(2026, 1, 10)].source == "12729/VPCP-KGVX, 25/12/2025"


def test_what_is_not_decreed_is_an_estimate() -> None:
    """Years past the last announcement, and an unconfirmed day, are marked as estimates."""
    office = state_office()

    assert not office.is_estimated(date(2026, 12, 31))
    assert office.is_estimated(date(2027, 1, 1))
    assert office.is_estimated(date(2026, 11, 24))
    assert not office.is_estimated(date(2026, 11, 23))


GOOD = """
name = "town"
revision = "2011.1"
time_zone = "Europe/Amsterdam"
hours_per_day = 7.5
[sessions]
monday = "09:00-12:30, 13:00-17:00"
tuesday = "09:00-17:00"
saturday = ""
[holidays]
country = "NL"
first_year = 2010
last_year = 2013
[[day]]
date = 2011-05-09
until = 2011-05-11
kind = "closure"
reason_en = "Flood"
source = "Mayor's order 7"
[[day]]
date = 2011-05-14
kind = "worked"
instead_of = 2011-05-10
[[day]]
date = 2011-05-15
kind = "worked"
[[day]]
date = 2011-05-16
kind = "own-sessions"
sessions = "09:00-10:00"
"""


def written(folder: Path, text: str) -> Path:
    """Write a calendar file."""
    path = folder / "town.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_calendar_from_a_file(tmp_path: Path) -> None:
    """A file gives sessions, a country's holidays, closures and worked days."""
    town = load_calendar(written(tmp_path, GOOD))

    assert town.day_us == 7.5 * 3600 * 1_000_000
    assert town.sessions_on(date(2011, 5, 2)) == (Session(540, 750), Session(780, 1020))
    assert town.sessions_on(date(2011, 4, 30)) == ()
    assert not town.is_working_day(date(2011, 4, 25))  # Easter Monday
    assert [town.is_working_day(date(2011, 5, d)) for d in (9, 10, 11)] == [False] * 3
    assert town.days[date(2011, 5, 10)].kind is DayKind.CLOSURE
    assert town.sessions_on(date(2011, 5, 14)) == (Session(540, 1020),)
    assert town.sessions_on(date(2011, 5, 15)) == (Session(540, 750), Session(780, 1020))
    assert town.sessions_on(date(2011, 5, 16)) == (Session(540, 600),)


def test_version_names_the_content(tmp_path: Path) -> None:
    """The version changes with anything that moves a due date, and with nothing else."""
    version = load_calendar(written(tmp_path, GOOD)).version
    renamed = load_calendar(written(tmp_path, GOOD.replace("Flood", "High water"))).version
    changed = {
        load_calendar(written(tmp_path, GOOD.replace(old, new))).version
        for old, new in [
            ("2011-05-11", "2011-05-12"),
            ("09:00-10:00", "09:00-10:30"),
            ("7.5", "8"),
            ("Amsterdam", "Paris"),
            ("last_year = 2013", "last_year = 2014"),
        ]
    }

    assert version.startswith("town-2011.1+")
    assert version == load_calendar(written(tmp_path, GOOD)).version == renamed
    assert len(changed | {version}) == 6


def test_version_of_the_state_office_is_reproducible() -> None:
    """The same file and library give the same version in every process."""
    again = load_calendar(STATE_OFFICE_FILE)

    assert state_office().version == again.version
    assert state_office() is state_office()
    assert again.version.startswith("vn-2026.1+")


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ('name = "town"', 'name = "Town Hall"', "name", "must be at most 40 small"),
        ('name = "town"', "", "name", "is missing"),
        ('revision = "2011.1"', 'revision = "2011.1"\ncolour = "red"', "colour", "is no key here"),
        ("Europe/Amsterdam", "Europe/Atlantis", "time_zone", "no IANA time zone"),
        ("Europe/Amsterdam", "../etc/passwd", "time_zone", "no IANA time zone"),
        ("hours_per_day = 7.5", "hours_per_day = 0", "hours_per_day", "must be above 0"),
        ("hours_per_day = 7.5", "hours_per_day = nan", "hours_per_day", "must be 24 or less"),
        ("tuesday =", "tusday =", "sessions.tusday", "is tuesday meant?"),
        ('"09:00-17:00"', '"9-17"', "sessions.tuesday", "must look like 07:00-11:30"),
        ('"09:00-17:00"', '"09:60-17:00"', "sessions.tuesday", "must look like"),
        ('"09:00-17:00"', '"09:00-24:30"', "sessions.tuesday", "between 00:00 and 24:00"),
        ('"09:00-17:00"', '"17:00-09:00"', "sessions.tuesday", "ends before it starts"),
        ('"09:00-17:00"', '"09:00-09:00"', "sessions.tuesday", "is empty"),
        ("13:00-17:00", "12:00-17:00", "sessions.monday", "overlaps or precedes 09:00-12:30"),
        ('"NL"', '"XX"', "holidays.country", "no holidays are known of XX"),
        ("last_year = 2013", "last_year = 2009", "holidays", "lies before first_year"),
        ("last_year = 2013", "last_year = 99999", "holidays.last_year", "2100 or less"),
        ('kind = "closure"', 'kind = "shut"', "day.1.kind", "day-off"),
        ("2011-05-11", "2011-05-01", "day.1", "within a year after it"),
        ("until = 2011-05-11", "until = 2031-05-11", "day.1", "within a year after it"),
        ("until = 2011-05-11", "until = 9999-12-31", "day.1.until", "in the years 1901 to 2199"),
        ("date = 2011-05-14", "date = 9999-12-31", "day.2.date", "in the years 1901 to 2199"),
        ("date = 2011-05-14", "date = 0001-01-01", "day.2.date", "in the years 1901 to 2199"),
        (
            "date = 2011-05-14",
            "date = 9999-12-31\nuntil = 9999-12-31",
            "day.2.date",
            "in the years 1901 to 2199",
        ),
        ("date = 2011-05-14", "date = 2011-05-10", "day.2.date", "has a rule already"),
        ("date = 2011-05-14", 'date = "soon"', "day.2.date", "must be a day such as"),
        ('sessions = "09:00-10:00"', "", "day.4.sessions", "own-sessions needs sessions"),
        (
            "instead_of = 2011-05-10",
            "instead_of = 2011-05-11",
            "day.2",
            "day 2011-05-14: a day of kind worked needs sessions",
        ),
        ('kind = "closure"', 'kind = "closure"\nsessions = "09:00-10:00"', "day.1", "no sessions"),
        ("[sessions]", "[sessions", "file", "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, field: str, rule: str) -> None:
    """A mistake in a file is named with its key and what is wrong."""
    with pytest.raises(CalendarError) as caught:
        load_calendar(written(tmp_path, GOOD.replace(old, new)))

    assert caught.value.field.startswith(field)
    assert rule in caught.value.rule
    assert caught.value.calendar in ("town.toml", "town")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is refused like a wrong one."""
    with pytest.raises(CalendarError, match=r"nothing\.toml.*there is no such file"):
        load_calendar(tmp_path / "nothing.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are refused like a wrong file."""
    path = tmp_path / "town.toml"
    path.write_bytes(b"name = \xff")
    with pytest.raises(CalendarError, match="is no text in UTF-8"):
        load_calendar(path)


def test_a_wrong_calendar_value_is_refused() -> None:
    """A calendar made in code is checked as one from a file is."""
    with pytest.raises(CalendarError, match="seven weekdays"):
        Calendar("c", "1", "UTC", ((),) * 6)
    with pytest.raises(CalendarError, match=r"monday, session 2 .* overlaps"):
        Calendar("c", "1", "UTC", ((Session(0, 60), Session(30, 90)), *((),) * 6))
    with pytest.raises(CalendarError, match="day 2021-08-09: a day of kind worked needs sessions"):
        Calendar("c", "1", "UTC", ((),) * 7, {date(2021, 8, 9): DayRule(DayKind.WORKED)})
    with pytest.raises(CalendarError, match="at most 24"):
        Calendar("c", "1", "UTC", ((),) * 7, day_us=0)


def test_sessions_are_read_with_spaces() -> None:
    """Spaces between sessions do no harm; an empty text is a free day."""
    assert parse_sessions("c", "f", " 07:00-11:30 , 13:30-17:00") == (
        Session(420, 690),
        Session(810, 1020),
    )
    assert parse_sessions("c", "f", "  ") == ()
