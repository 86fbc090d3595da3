"""`motcua calendar`: working time without any service running, and the published calendars."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from cli.commands.calendar.documents import check_document, difference, ruled_years, year_document
from cli.commands.calendar.due import (
    DueMistake,
    answer_lines,
    due_of,
    explain,
    explain_same_day,
    read_cut_off,
    read_duration,
    read_start,
    same_day_of,
)
from cli.commands.calendar.lookup import NAMES, STANDARD, path_of, resolve
from cli.commands.calendar.publish import import_calendar, list_calendars, use_calendar
from cli.commands.calendar.recalculate import recalculate
from cli.formatting import ESTIMATED, print_json
from cli.options import JSON, parse_day
from cli.printer import counted, failed, grid, out
from office.worktime.explanation import wall_clock

_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, help="Compute due dates; look at calendars and check them.")
app.command("import")(import_calendar)
app.command("list")(list_calendars)
app.command("use")(use_calendar)
app.command("recalculate")(recalculate)
CALENDAR = Annotated[str, typer.Option("--calendar", help=NAMES)]


@app.command("due")
def due(
    start: Annotated[str, typer.Option(help="ISO 8601; the calendar's wall clock.")] = "",
    duration: Annotated[str, typer.Option(help="3wd, 0.5wd, 5cd, 4wh, 20cd+5wd or none.")] = "",
    calendar: CALENDAR = STANDARD,
    same_day: Annotated[
        bool, typer.Option("--same-day", help="By the rule of the cut-off, instead of --duration.")
    ] = False,
    cut_off: Annotated[str, typer.Option(help="HH:MM, with --same-day.")] = "15:00",
    why: Annotated[bool, typer.Option("--explain", help="Tell what was counted.")] = False,
    as_json: JSON = False,
) -> None:
    """Compute a due date.

    Without --start: one for each line `start,duration` on stdin, as a line of JSON with `start`,
    `duration` and `due`; a bad line gets `error`, and the exit status is 1.
    """
    if bool(start) != bool(duration or same_day) or (duration and same_day):
        raise typer.BadParameter("--start and one of --duration and --same-day belong together")
    office = resolve(calendar, "--calendar")
    if not start:
        if why or sys.stdin.isatty():
            raise typer.BadParameter("--start and --duration are needed, or lines on stdin")
        if answer_lines(office, sys.stdin.buffer, _write):
            raise typer.Exit(1)
        return
    begins = _asked(partial(read_start, office, start))
    if same_day:
        limit = _asked(partial(read_cut_off, cut_off))
        ends: int | None = _asked(partial(same_day_of, office, begins, limit))
        rows = partial(explain_same_day, office, begins, ends or 0, limit)
    else:
        length = _asked(partial(read_duration, duration))
        ends = _asked(partial(due_of, office, begins, length))
        rows = partial(explain, office, begins, length)
    answer: dict[str, Any] = {
        "start": wall_clock(office, begins),
        "duration": "same-day" if same_day else duration,
        "due": None if ends is None else wall_clock(office, ends),
    }
    if why:
        found = [] if ends is None else rows()
        answer |= {"calendar": office.version, "time_zone": office.time_zone, "explanation": found}
    if as_json:
        print_json(answer)
        return
    out.print(answer["due"] or "no limit", markup=False)
    if why:
        _print_explanation(answer)


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _print_explanation(answer: dict[str, Any]) -> None:
    spans = answer["explanation"]
    whole_minutes = all(row[end].endswith(":00") for row in spans for end in ("from", "to"))
    shown = slice(-3 if whole_minutes else None)
    rows = [
        (
            row["from"][shown],
            row["to"][shown],
            _hours(row["seconds"]) if row["counted"] else "",
            "" if row["counted"] else _hours(row["seconds"]),
            _phase(row) + row["reason"] + (f" ({ESTIMATED})" if row["estimated"] else ""),
            row["source"],
        )
        for row in spans
    ]
    columns = ("from", "to", "counted", "skipped", "reason", "source")
    title = f"{answer['start']} + {answer['duration']}, {answer['calendar']}"
    right = ("counted", "skipped")
    out.print(grid(columns, rows, title=title, right=right, whole=("from", "to", *right)))


def _phase(row: dict[str, Any]) -> str:
    return f"phase {row['phase']}: " if "phase" in row else ""


def _hours(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours:.0f}:{minutes:02.0f}" + (f":{rest:02g}" if rest else "")


@app.command("show")
def show(
    year: Annotated[int, typer.Option(min=1901, max=2199)],
    calendar: CALENDAR = STANDARD,
    as_json: JSON = False,
) -> None:
    """Show a year: its sessions, days off and worked Saturdays.

    Each day with its reason and source document.
    """
    document = year_document(resolve(calendar, "--calendar"), year)
    if as_json:
        print_json(document)
        return
    until = document["announced_until"]
    out.print(f"version    {document['version']}", markup=False)
    out.print(f"time zone  {document['time_zone']}", markup=False)
    out.print(f"1 wd       {document['hours_per_day']:g} working hours", markup=False)
    decreed = f"until {until}, later days are {ESTIMATED} (dự kiến)" if until else "not stated"
    out.print(f"decreed    {decreed}", markup=False)
    for name, sessions in document["sessions"].items():
        out.print(f"{name:<10} {', '.join(sessions) or 'free'}", markup=False)
    rows = [
        (day["date"], day["weekday"][:3], day["kind"], _sessions(day), _reason(day), day["source"])
        for day in document["days"]
    ]
    title = f"{year}: {counted(document['working_days'], 'working day')}"
    columns = ("date", "day", "kind", "sessions", "reason", "source")
    out.print(grid(columns, rows, title=title, whole=("date", "day", "kind")))


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help=NAMES)],
    as_json: JSON = False,
) -> None:
    """Show all that is wrong with a calendar file.

    Also what to know about it. Exit status 1 when something is wrong; warnings change nothing.
    """
    document = check_document(path_of(file, "FILE"))
    if as_json:
        print_json(document)
    else:
        for kind in ("mistakes", "warnings"):
            for problem in document[kind]:
                out.print(f"{kind[:-1]}  {problem['field']}: {problem['rule']}", markup=False)
        out.print(f"good: {document['version']}" if document["ok"] else "can't be used")
    if not document["ok"]:
        raise typer.Exit(1)


@app.command("diff")
def diff(
    a: Annotated[str, typer.Argument(help=NAMES)],
    b: Annotated[str, typer.Argument(help=NAMES)],
    from_day: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    to_day: Annotated[str, typer.Option("--to", help="Last day, itself included.")] = "",
    as_json: JSON = False,
) -> None:
    """List the days on which two calendars differ in working time.

    Without --from and --to: all years in which one of them has dated rules. The exit status is 0,
    whether they differ or not.
    """
    one, other = resolve(a, "A"), resolve(b, "B")
    first, last = ruled_years(one, other) or (None, None)
    first = date.fromisoformat(parse_day(from_day, "--from")) if from_day else first
    last = date.fromisoformat(parse_day(to_day, "--to")) if to_day else last
    if first is None or last is None:
        raise typer.BadParameter("neither calendar has dated rules: --from and --to are needed")
    if last < first:
        raise typer.BadParameter(f"{last} lies before {first}", param_hint="--to")
    document = difference(one, other, first, last)
    if as_json:
        print_json(document)
        return
    for setting in document["settings"]:
        out.print(f"{setting['field']}: {setting['a']} / {setting['b']}", markup=False)
    rows = [
        (
            day["date"],
            day["weekday"][:3],
            *(_sessions(day[side]) + _because(day[side]) for side in ("a", "b")),
        )
        for day in document["days"]
    ]
    columns = ("date", "day", document["a"], document["b"])
    title = f"{first} – {last}: {counted(len(rows), 'day differs', 'days differ')}"
    out.print(grid(columns, rows, title=title, whole=("date", "day")))


def _sessions(day: dict[str, Any]) -> str:
    return ", ".join(day["sessions"]) or "-"


def _reason(day: dict[str, Any]) -> str:
    reason = day["reason_en"] or day["reason_vi"] or day["kind"]
    return f"{reason} ({ESTIMATED})" if day["estimated"] else str(reason)


def _because(day: dict[str, Any]) -> str:
    source = f"; {day['source']}" if day["source"] else ""
    return f" ({_reason(day)}{source})"


def _asked(compute: Callable[[], _T]) -> _T:
    """Return what is computed; a wrong option is wrong usage, a calendar without work a failure."""
    try:
        return compute()
    except DueMistake as mistake:
        if mistake.field == "calendar":
            raise failed(str(mistake)) from mistake
        raise typer.BadParameter(mistake.rule, param_hint=f"--{mistake.field}") from mistake
