"""Calendars as documents: a year of one, the differences of two, what is wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from cli.printer import counted
from kernel.base.instants import DAY, HOUR
from office.worktime.calendars.files import field_of, read_draft
from office.worktime.calendars.model import WEEKDAYS, Calendar, DayKind, DayRule
from office.worktime.calendars.year_spans import MOST_IDLE


def dates(first: date, last: date) -> Iterator[date]:
    """List the dates from one to another, both included."""
    for number in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(number)


def year_document(calendar: Calendar, year: int) -> dict[str, Any]:
    """Return what holds in a year: settings, weekly sessions and each dated rule."""
    days = list(dates(date(year, 1, 1), date(year, 12, 31)))
    until = calendar.estimated_after
    ruled = [(day, calendar.days[day]) for day in days if day in calendar.days]
    return {
        "name": calendar.name,
        "version": calendar.version,
        "time_zone": calendar.time_zone,
        "hours_per_day": calendar.day_us / HOUR,
        "announced_until": until.isoformat() if until else None,
        "year": year,
        "working_days": sum(calendar.is_working_day(day) for day in days),
        "sessions": {
            name: [str(session) for session in sessions]
            for name, sessions in zip(WEEKDAYS, calendar.week, strict=True)
        },
        "days": [
            {"date": day.isoformat(), "weekday": WEEKDAYS[day.weekday()]} | _day(calendar, day)
            for day, _ in ruled
        ],
        "sources": sorted({rule.source for _, rule in ruled if rule.source}),
    }


def difference(one: Calendar, other: Calendar, first: date, last: date) -> dict[str, Any]:
    """List the dates on which two calendars don't work the same hours, and unlike settings."""
    settings = {
        "time_zone": (one.time_zone, other.time_zone),
        "hours_per_day": (one.day_us / HOUR, other.day_us / HOUR),
    }
    return {
        "a": one.version,
        "b": other.version,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "settings": [
            {"field": name, "a": a, "b": b} for name, (a, b) in settings.items() if a != b
        ],
        "days": [
            {
                "date": day.isoformat(),
                "weekday": WEEKDAYS[day.weekday()],
                "a": _day(one, day),
                "b": _day(other, day),
            }
            for day in dates(first, last)
            if one.sessions_on(day) != other.sessions_on(day)
        ],
    }


def ruled_years(*calendars: Calendar) -> tuple[date, date] | None:
    """Return the first and last date of the years for which the calendars have dated rules."""
    ruled = [day for calendar in calendars for day in calendar.days]
    return (date(min(ruled).year, 1, 1), date(max(ruled).year, 12, 31)) if ruled else None


def check_document(path: Path) -> dict[str, Any]:
    """Return what is wrong with a calendar file, and what its author should know.

    Each mistake and warning has a ``field`` and a ``rule``; ``ok`` means no mistakes.
    """
    return checked(path)[1]


def checked(path: Path) -> tuple[Calendar | None, dict[str, Any]]:
    """Return the calendar in a file, if it can be used, and what ``check_document`` found in it."""
    calendar, found = read_draft(path)
    mistakes: list[dict[str, Any]] = [
        {
            **_problem(field_of(mistake), mistake.text.en),
            "rule_vi": mistake.text.vi,
            "line": mistake.line,
            "column": mistake.column,
        }
        for mistake in found
    ]
    warnings: list[dict[str, str]] = []
    if calendar is not None:
        mistakes += _idle(calendar)
        warnings += _warnings(calendar)
    return None if mistakes else calendar, {
        "file": str(path),
        "ok": not mistakes,
        "version": calendar.version if calendar and not mistakes else None,
        "mistakes": mistakes,
        "warnings": warnings,
    }


def _idle(calendar: Calendar) -> list[dict[str, str]]:
    """Find stretches without work so long that due dates across them are refused."""
    if not any(calendar.week) and not any(rule.sessions for rule in calendar.days.values()):
        return [_problem("sessions", "no weekday has any: nothing would ever be due")]
    years = ruled_years(calendar)
    if years is None:
        return []
    margin = timedelta(days=2 * MOST_IDLE // DAY)
    days = dates(years[0] - margin, years[1] + margin)
    found = []
    for worked, run in groupby(days, calendar.is_working_day):
        idle = list(run)
        if not worked and len(idle) * DAY > MOST_IDLE:
            rule = f"no work from {idle[0]} to {idle[-1]}, and more than 366 days are refused"
            found.append(_problem("sessions", rule))
    return found


def _warnings(calendar: Calendar) -> list[dict[str, str]]:
    found = []
    until, years = calendar.estimated_after, ruled_years(calendar)
    late = [day for day in sorted(calendar.days) if until is not None and day > until]
    unsure = [day for day, rule in sorted(calendar.days.items()) if rule.estimated]
    bare = [day for day, rule in sorted(calendar.days.items()) if _wants_source(rule)]
    if late:
        rule = f"{counted(len(late), 'dated rule')}, {late[0]} to {late[-1]}, past the last decree"
        rule = f"{rule} ({until}): estimated (dự kiến)"
        found.append(_problem("holidays.announced_until", rule))
    if unsure:
        found.append(_problem("day.estimated", f"not confirmed (dự kiến): {_listed(unsure)}"))
    if bare:
        found.append(_problem("day.source", f"no document is named for {_listed(bare)}"))
    if years is None:
        found.append(_problem("holidays", "there is no day off in any year"))
    else:
        if until is None:
            rule = "is not given, so no day is shown as an estimate"
            found.append(_problem("holidays.announced_until", rule))
        found.append(_problem("holidays.last_year", f"no day off is known after {years[1]}"))
    return found


def _wants_source(rule: DayRule) -> bool:
    """Return whether an office ordered a day itself, and did not name the document."""
    return rule.kind in (DayKind.CLOSURE, DayKind.OWN) and not rule.source


def _listed(days: list[date]) -> str:
    more = f" and {len(days) - 5} more" if len(days) > 5 else ""
    return ", ".join(day.isoformat() for day in days[:5]) + more


def _problem(field: str, rule: str) -> dict[str, str]:
    return {"field": field, "rule": rule}


def _day(calendar: Calendar, day: date) -> dict[str, Any]:
    """Return what holds on a date; ``kind`` is ordinary or free where no dated rule does."""
    rule = calendar.days.get(day)
    kind = "ordinary" if calendar.is_working_day(day) else "free"
    return {
        "kind": rule.kind.value if rule else kind,
        "sessions": [str(session) for session in calendar.sessions_on(day)],
        "reason_vi": rule.reason_vi if rule else "",
        "reason_en": rule.reason_en if rule else "",
        "source": rule.source if rule else "",
        "estimated": calendar.is_estimated(day),
    }
