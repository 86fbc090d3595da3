"""`motcua calendar import / list / use`: what is published, and who works by it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.commands.calendar.documents import checked, difference, ruled_years
from cli.commands.calendar.lookup import now, path_of, published, repository
from cli.formatting import print_json
from cli.options import JSON, parse_day, parse_unit
from cli.printer import counted, fail, failed, grid, out
from office.worktime.calendars import publishing
from office.worktime.calendars.model import Calendar, CalendarError
from office.worktime.calendars.publishing import PublicationConflict
from office.worktime.calendars.repository import (
    CalendarAssignment,
    CalendarRepository,
    UnknownCalendar,
    start_of_day,
)
from office.worktime.working_time import local_day

SHOWN = 5
"""Days named when a version is refused; ``--json`` has all."""
FROM = Annotated[
    str, typer.Option("--valid-from", help="First local day on which it decides; today.")
]
SOURCE = Annotated[str, typer.Option("--source", help="The document that orders it.")]
UNIT = Annotated[
    str, typer.Option("--for", help="The unit that works by it, with those below; ALL for all.")
]


def import_calendar(
    file: Annotated[str, typer.Argument(help="The path of a calendar file.")],
    unit: UNIT = "",
    valid_from: FROM = "",
    source: SOURCE = "",
    as_json: JSON = False,
) -> None:
    """Publish a version of a calendar.

    Running services use it within a second. A published version is never changed: exit status 1,
    and what differs. Doing the same again changes nothing.
    """
    _known(unit)
    calendar = _sound(path_of(file, "FILE"), file)
    begins = _first_day(valid_from, calendar)
    known = repository()
    before = _before(known, calendar)
    try:
        publishing.keep_shipped(known.folder, known.shipped)
        fresh = publishing.publish(
            known.folder,
            calendar,
            begins,
            source,
            datetime.now(UTC).isoformat(timespec="seconds"),
            known.shipped,
        )
        used = bool(unit) and _assign(known, unit, calendar, begins, source)
    except CalendarError as error:
        _refuse(error, calendar, as_json=as_json)
        raise typer.Exit(1) from error
    document: dict[str, Any] = {
        "version": calendar.version,
        "valid_from": begins.isoformat(),
        "published": fresh,
        "unit": unit or None,
        "assigned": used,
        "follows": before.version if before else None,
        "days_changed": len(_changed(before, calendar)) if before else None,
    }
    if as_json:
        print_json(document)
        return
    word = "published" if fresh else "published already"
    out.print(f"{calendar.version}: {word}, decides from {begins}", markup=False)
    if used:
        out.print(f"used by {unit} from {begins}", markup=False)
    if fresh and before:
        differ = counted(document["days_changed"], "day differs", "days differ")
        out.print(f"{differ} from {before.version}", markup=False)
    if fresh or used:
        out.print("open due dates: motcua calendar recalculate --dry-run")


def use_calendar(
    calendar: Annotated[str, typer.Argument(help="The name of a published calendar.")],
    unit: Annotated[str, typer.Option("--for", help="A unit, with those below it; ALL for all.")],
    valid_from: FROM = "",
    source: SOURCE = "",
) -> None:
    """Let a unit work by a calendar from a day on.

    What it used before stays on record.
    """
    _known(unit)
    try:
        chosen = published(calendar)
    except UnknownCalendar as error:
        raise typer.BadParameter(str(error), param_hint="CALENDAR") from error
    begins = _first_day(valid_from, chosen)
    try:
        used = _assign(repository(), unit, chosen, begins, source)
    except CalendarError as error:
        raise failed(str(error)) from error
    done = f"uses {chosen.name} from {begins}" if used else f"uses {chosen.name} already"
    out.print(f"{unit} {done}", markup=False)


def list_calendars(as_json: JSON = False) -> None:
    """List the calendars with their versions, and who uses which.

    Each version with its validity and document.
    """
    document = list_document(repository(), now())
    if as_json:
        print_json(document)
        return
    rows = [
        (
            row["calendar"],
            row["version"],
            row["valid_from"] or "always",
            "in force" if row["in_force"] else "",
            row["source"],
        )
        for row in document["versions"]
    ]
    columns = ("calendar", "version", "from", "", "document")
    out.print(grid(columns, rows, whole=("calendar", "version", "from")))
    uses = [
        (row["unit"] or "ALL", row["calendar"], row["valid_from"], row["source"])
        for row in document["uses"]
    ]
    if uses:
        out.print(grid(("unit", "calendar", "from", "document"), uses, whole=("unit", "calendar")))


def list_document(known: CalendarRepository, at: int) -> dict[str, Any]:
    """Return what is published; the calendar that ships holds always, until another does."""
    index, shipped = known.index(), known.shipped
    force = {known.in_force(name, at).version for name in known.names() if _holds(known, name, at)}
    versions = [
        {
            "calendar": shipped.name,
            "version": shipped.version,
            "valid_from": None,
            "source": "ships with this software",
            "published_at": None,
            "in_force": shipped.version in force,
        }
    ]
    versions += [
        {
            "calendar": published.name,
            "version": published.version,
            "valid_from": published.valid_from.isoformat(),
            "source": published.source,
            "published_at": published.published_at,
            "in_force": published.version in force,
        }
        for published in index.versions
    ]
    uses = [_use(use) for use in index.assignments]
    return {"folder": str(known.folder), "versions": versions, "uses": uses}


def _use(use: CalendarAssignment) -> dict[str, str]:
    return {
        "unit": use.unit,
        "calendar": use.calendar,
        "valid_from": use.valid_from.isoformat(),
        "source": use.source,
    }


def _holds(known: CalendarRepository, name: str, at: int) -> bool:
    try:
        known.in_force(name, at)
    except UnknownCalendar:
        return False
    return True


def _sound(path: Path, name: str) -> Calendar:
    """Read a calendar in which nothing is wrong, or end with status 1."""
    calendar, found = checked(path)
    if calendar is None:
        for problem in found["mistakes"]:
            fail(f"mistake {problem['field']}: {problem['rule']}")
        raise failed(f"{name} can't be used")
    return calendar


def _first_day(text: str, calendar: Calendar) -> date:
    if text:
        return date.fromisoformat(parse_day(text, "--valid-from"))
    return local_day(calendar, now())


def _known(unit: str) -> None:
    """Refuse a unit that the office does not have, before anything is published."""
    if unit not in ("", "ALL"):
        parse_unit(unit, "--for")


def _assign(
    known: CalendarRepository, unit: str, calendar: Calendar, begins: date, source: str
) -> bool:
    code = "" if unit == "ALL" else unit
    try:
        CalendarRepository(known.folder).in_force(calendar.name, start_of_day(calendar, begins))
    except UnknownCalendar as error:
        rule = f"no version of it holds on {begins}"
        raise CalendarError(calendar.name, "valid_from", rule) from error
    return publishing.assign(known.folder, code, calendar, begins, source)


def _before(known: CalendarRepository, calendar: Calendar) -> Calendar | None:
    try:
        before = known.in_force(calendar.name, now())
    except UnknownCalendar:
        return None
    return None if before.version == calendar.version else before


def _changed(before: Calendar, calendar: Calendar) -> list[dict[str, Any]]:
    years = ruled_years(before, calendar)
    found: list[dict[str, Any]] = difference(before, calendar, *years)["days"] if years else []
    return found


def _refuse(error: CalendarError, calendar: Calendar, *, as_json: bool) -> None:
    """Print why a version can't be published, and what it would have changed."""
    fail(str(error))
    document: dict[str, Any] = {"settings": [], "days": []}
    if isinstance(error, PublicationConflict):
        years = ruled_years(error.published, calendar)
        document = difference(error.published, calendar, *years) if years else document
    if as_json:
        refused = {"version": calendar.version, "published": False, "refused": str(error)}
        print_json(refused | {"settings": document["settings"], "days": document["days"]})
        return
    if not isinstance(error, PublicationConflict):
        return
    for setting in document["settings"]:
        fail(f"differs {setting['field']}: {setting['a']} published, {setting['b']} here")
    days = document["days"]
    for day in days[:SHOWN]:
        a, b = (", ".join(day[side]["sessions"]) or "-" for side in ("a", "b"))
        fail(f"differs {day['date']}: {a} published, {b} here")
    if len(days) > SHOWN:
        more = counted(len(days) - SHOWN, "more day differs", "more days differ")
        fail(f"{more} (--json lists all)")
    if not days and not document["settings"]:
        fail("differs in its texts or its first day only")
