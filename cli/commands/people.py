"""`motcua people`: the directory of units and officers, checked and listed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.formatting import print_json
from cli.options import JSON
from cli.printer import counted, err, fail, failed, grid, out
from cli.settings import settings
from kernel.documents.mistakes import DocumentError
from office.people.directory import Directory, DirectoryUnit, Officer, below
from office.people.files import read_directory
from office.permissions import shipped

app = typer.Typer(no_args_is_help=True, help="The directory of units and officers.")
_File = Annotated[
    Path | None, typer.Option("--file", help="The directory; PEOPLE_DIRECTORY unless given.")
]

_MOST_NAMED = 5


@app.command()
def check(file: Annotated[Path, typer.Argument(help="The directory to be checked.")]) -> None:
    """Check a directory; every mistake is named with its row and field.

    Units whose counter has no address or phone are warned about: letters and jobs of the post say
    them.
    """
    found = load(file)
    units, officers = counted(len(found.units), "unit"), counted(len(found.officers), "officer")
    out.print(f"{file}: {units}, {officers}, no mistakes", markup=False)
    for lacking in ("address", "phone"):
        codes = [unit.code for unit in found.units.values() if _lacks(unit, lacking)]
        if codes:
            named = ", ".join(codes[:_MOST_NAMED]) + (" …" if len(codes) > _MOST_NAMED else "")
            out.print(f"warning: without {lacking}: {named}", markup=False)


def _lacks(unit: DirectoryUnit, name: str) -> bool:
    """Return whether a unit that is not dissolved lacks what letters and jobs of the post say."""
    return unit.valid_to is None and not getattr(unit, name)


@app.command("list")
def list_people(
    file: _File = None,
    unit: Annotated[str, typer.Option(help="Only this unit and those below it.")] = "",
    role: Annotated[str, typer.Option(help="Only officers with this role.")] = "",
    on: Annotated[str, typer.Option(help="The day, YYYY-MM-DD; today unless given.")] = "",
    json: JSON = False,
) -> None:
    """List the officers in service on a day."""
    found = load(_path(file))
    day = _day(on)
    chosen = [
        officer
        for _, officer in sorted(found.officers.items())
        if officer.serves(day)
        and (not unit or below(officer.unit, unit))
        and (not role or role in officer.roles)
    ]
    if json:
        print_json([_row(it, day) | {"roles": sorted(it.roles)} for it in chosen])
        return
    rows = [list(map(str, _row(officer, day).values())) for officer in chosen]
    out.print(grid(["id", "name", "unit", "roles", "away until", "substitute"], rows))


def load(path: Path) -> Directory:
    """Read a directory.

    Print its mistakes one a line and exit with 1; exit with 2 when there is no such file.
    """
    try:
        return read_directory(path, shipped().roles)
    except DocumentError as error:
        for mistake in error.mistakes:
            err.print(str(mistake), markup=False)
        fail(counted(len(error.mistakes), "mistake"))
        raise typer.Exit(1 if path.exists() else 2) from error


def _path(given: Path | None) -> Path:
    path = given or settings().people_directory
    if path is None:
        raise failed("name a directory with --file, or set PEOPLE_DIRECTORY", 2)
    return path


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()  # noqa: DTZ011 - local, as meant
    except ValueError as error:
        raise failed(f"--on: {text} is no day (YYYY-MM-DD)", 2) from error


def _row(officer: Officer, day: date) -> dict[str, str]:
    away = officer.absence(day)
    return {
        "id": officer.id,
        "name": officer.name,
        "unit": officer.unit,
        "roles": " ".join(sorted(officer.roles)),
        "away_until": away.last.isoformat() if away else "",
        "substitute": away.substitute if away else "",
    }
