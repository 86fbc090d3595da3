"""Calendars by name: the one that ships, those published in any version, or a file."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.printer import failed
from cli.settings import settings
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import Calendar, CalendarError
from office.worktime.calendars.repository import (
    CalendarRepository,
    UnknownCalendar,
    repository_at,
)
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE

SHIPPED = {"vn-state-office": STATE_OFFICE_FILE}
STANDARD = "vn-state-office"
NAMES = (
    f"{', '.join(SHIPPED)} (the one that ships), NAME or NAME@VERSION of a published one, or the"
    " path of a calendar file."
)


def now() -> int:
    """Return the present instant by the office's clock (MOTCUA_CLOCK)."""
    return settings().make_clock().now()


def repository() -> CalendarRepository:
    """Open the published calendars; end the command with status 1 when they can't be used."""
    try:
        return repository_at(settings().calendars_dir)
    except CalendarError as error:
        raise failed(f"the published calendars can't be used: {error}") from error


def path_of(name: str, option: str) -> Path:
    """Return the file of the calendar that ships, or the file named."""
    path = SHIPPED.get(name, Path(name))
    if name not in SHIPPED and not path.exists():
        problem = f"{name!r} is neither a file nor one of {', '.join(SHIPPED)}"
        raise typer.BadParameter(problem, param_hint=option)
    return path


def resolve(name: str, option: str) -> Calendar:
    """Return the calendar named; a wrong name is wrong usage, a wrong file a failure."""
    try:
        if name in SHIPPED or Path(name).is_file():
            return load_calendar(path_of(name, option))
        return published(name)
    except UnknownCalendar as error:
        known = ", ".join([*SHIPPED, *repository().names()])
        problem = f"{name!r} is neither a file nor one of {known} (motcua calendar list)"
        raise typer.BadParameter(problem, param_hint=option) from error
    except CalendarError as error:
        raise failed(f"{error} (all mistakes: motcua calendar check {name})") from error


def published(text: str) -> Calendar:
    """Return NAME as it is in force, NAME@REVISION or a whole version.

    Raise ``UnknownCalendar``.
    """
    name, _, version = text.partition("@")
    if not version and "+" not in name:
        return repository().in_force(name, now())
    if not version:
        return repository().find(name)
    wanted = version if version.startswith(f"{name}-") else f"{name}-{version}"
    if "+" in wanted:
        return repository().find(wanted)
    for known in repository().all_versions():
        if known.partition("+")[0] == wanted:
            return repository().find(known)
    raise UnknownCalendar(text)
