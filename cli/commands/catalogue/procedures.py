"""`motcua procedures check / import / export / list / show / releases`, without any service."""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from cli.commands.catalogue.installed_processes import installed_processes, refuse_child_cycles
from cli.commands.catalogue.office_catalogue import (
    exit_when_unusable,
    load_published,
    office_catalogue,
)
from cli.commands.catalogue.procedure_view import brief, full, paragraphs
from cli.formatting import ZONE, local, print_json
from cli.operator_name import operator_name
from cli.options import JSON, OFFICE, must_exist, parse_day
from cli.printer import counted, err, fail, failed, grid, out
from cli.settings import settings
from office.catalogue.files import release_repository
from office.catalogue.files.additions import CatalogueAddition, check_addition
from office.catalogue.files.document import all_entries
from office.catalogue.files.file_errors import ProcedureFileError
from office.catalogue.files.reader import read_file
from office.catalogue.files.writer import FORMATS, write
from office.catalogue.model import Catalogue, Procedure
from office.catalogue.responsible_unit import ResponsibleUnits

app = typer.Typer(no_args_is_help=True, help="The catalogue of procedures: check, publish, show.")
FILE = Annotated[Path, typer.Argument(help="A .csv, .xlsx or .json file.")]
LANGUAGE = Annotated[str, typer.Option("--language", help="Of mistakes: en or vi.")]
_TRIES: Final = 5


@app.command("check")
def check(file: FILE, language: LANGUAGE = "en", as_json: JSON = False) -> None:
    """Show all that is wrong with a file of procedures.

    Each mistake with its row, column and rule. Exit status 1 when something is wrong. Nothing is
    published.
    """
    _import(file, language, as_json, dry_run=True, source="", checks=True)


@app.command("import")
def publish(
    file: FILE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Publish nothing.")] = False,
    source: Annotated[str, typer.Option(help="The decision by which it is published.")] = "",
    language: LANGUAGE = "en",
    as_json: JSON = False,
) -> None:
    """Publish what is new in a file of procedures.

    All of it or, with any mistake, nothing. What is published already, value for value, is left
    alone. A running intake takes it over within a second or two.
    """
    _import(file, language, as_json, dry_run=dry_run, source=source, checks=False)


def _import(
    file: Path, language: str, as_json: bool, *, dry_run: bool, source: str, checks: bool
) -> None:
    if language not in ("en", "vi"):
        raise typer.BadParameter("must be en or vi", param_hint="--language")
    must_exist(file, "FILE")
    started = time.monotonic()
    try:
        with exit_when_unusable():
            release, added, composed = _publish(file, source, dry_run)
    except ProcedureFileError as error:
        _print_faults(file, error, language, as_json)
        raise typer.Exit(1) from error
    answer = {
        "file": file.name,
        "ok": True,
        "dry_run": dry_run,
        "release": release,
        "fields": len(added.fields),
        "versions": len(added.versions),
        "unchanged": added.unchanged,
        "composed_cells": composed,
        "new": [{"code": it.code, "version": it.version} for it in added.versions],
        "seconds": round(time.monotonic() - started, 3),
        "faults": [],
    }
    if as_json:
        print_json(answer)
        return
    if composed:
        cells = counted(composed, "cell was", "cells were")
        err.print(f"{cells} in Unicode's decomposed form and composed", markup=False)
    versions, fields = len(added.versions), len(added.fields)
    what = f"{counted(versions, 'version')} and {counted(fields, 'field')}"
    same = f"{counted(added.unchanged, 'is', 'are')} published already"
    if checks or dry_run:
        out.print(f"good: {what} new, {same}", markup=False)
    elif added.empty:
        out.print(f"nothing new: {same}", markup=False)
    else:
        out.print(f"release {release}: {what} published, {same}", markup=False)


def _publish(file: Path, source: str, dry_run: bool) -> tuple[int, CatalogueAddition, int]:
    document = read_file(file)
    for _ in range(_TRIES):
        published = load_published()
        processes = installed_processes()
        added = check_addition(document, published.catalogue, {it.name for it in processes})
        refuse_child_cycles(document, added, published.catalogue, processes, _today())
        if dry_run or added.empty:
            return published.release, added, document.reader.corrections.composed
        try:
            after = release_repository.publish(
                settings().procedures_dir,
                published,
                added,
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                by=operator_name(),
                source=source,
            )
        except (
            release_repository.ReleaseConflict
        ):  # somebody published meanwhile: check again against that
            continue
        return after.release, added, document.reader.corrections.composed
    raise release_repository.ReleaseError("others keep publishing; try again")


def _print_faults(file: Path, error: ProcedureFileError, language: str, as_json: bool) -> None:
    if as_json:
        found = [fault.document() for fault in error.mistakes]
        print_json({"file": file.name, "ok": False, "faults": found})
        return
    for fault in error.mistakes:
        out.print(fault.in_language(language), markup=False, whole_lines=True)
    fail(f"{file.name}: {counted(len(error.mistakes), 'mistake')}; nothing is published")


@app.command("export")
def export(
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS) + ".")] = "csv",
    output: Annotated[Path | None, typer.Option(help="A file; stdout when left out.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only this procedure; repeatable.")] = None,
) -> None:
    """Write the whole catalogue, or some procedures.

    In all versions; `import` reads it back.
    """
    if form not in FORMATS:
        raise typer.BadParameter(f"must be one of {', '.join(FORMATS)}", param_hint="--format")
    if output is None and form == "xlsx" and sys.stdout.isatty():
        raise typer.BadParameter("a workbook needs --output FILE", param_hint="--format")
    catalogue = office_catalogue()
    for wanted in code or []:
        _known(catalogue, wanted)
    fields, versions = all_entries(catalogue)
    if code:
        versions = [it for it in versions if it.code in code]
        fields = [it for it in fields if it.code in {v.field for v in versions}]
    raw = write(form, fields, versions)
    if output is None:
        sys.stdout.buffer.write(raw)
        sys.stdout.flush()
        return
    try:
        output.write_bytes(raw)
    except OSError as error:
        raise failed(f"{output}: {error.strerror}") from error


@app.command("list")
def list_procedures(
    on: Annotated[str, typer.Option(help="The day on which they hold; today when empty.")] = "",
    unit: Annotated[str, typer.Option(help="Only those that this unit takes.")] = "",
    field: Annotated[str, typer.Option(help="Only those of this field.")] = "",
    as_json: JSON = False,
) -> None:
    """List the procedures in force on a day."""
    day = date.fromisoformat(parse_day(on, "--on")) if on else _today()
    catalogue = office_catalogue()
    if unit and catalogue.unit_of(unit) is None:
        raise typer.BadParameter(f"{unit!r} is no unit", param_hint="--unit")
    known = catalogue.unit_of(unit)
    found = ResponsibleUnits(catalogue, day).offered(known.code if known else "", field)
    if as_json:
        print_json({"on": day.isoformat(), "procedures": [brief(catalogue, it) for it in found]})
        return
    rows = [
        (it.code, str(it.version), it.unit, it.field, str(it.time_limit), it.name_vi)
        for it in found
    ]
    columns = ("code", "version", "unit", "field", "limit", "name")
    title = f"{day}: {counted(len(rows), 'procedure')}"
    out.print(grid(columns, rows, title=title, right=("version",), whole=columns[:5]))


@app.command("show")
def show(
    code: str,
    version: Annotated[int, typer.Option(min=0, help="0: the one in force today.")] = 0,
    as_json: JSON = False,
) -> None:
    """Show a procedure with everything that the catalogue holds of it."""
    catalogue = office_catalogue()
    versions = _known(catalogue, code)
    found: Procedure | None
    if version:
        found = catalogue.version(code, version)
    else:
        found = catalogue.find(code, _today()) or versions[-1]
    if found is None:
        raise failed(f"{code} has no version {version}; it has {len(versions)}")
    if as_json:
        print_json(full(catalogue, found))
        return
    for title, lines in paragraphs(catalogue, found):
        if len(lines) == 1:
            out.print(f"{title:<14} {lines[0]}", markup=False)
            continue
        out.print(title, markup=False)
        for line in lines:
            out.print(f"  {line}", markup=False)


@app.command("releases")
def releases(as_json: JSON = False) -> None:
    """List what was published on top of the catalogue that ships."""
    with exit_when_unusable():
        load_published()
        found: list[dict[str, Any]] = release_repository.list_releases(settings().procedures_dir)
    if as_json:
        print_json({"folder": str(settings().procedures_dir.absolute()), "releases": found})
        return
    columns = ("release", "published (real time)", "by", "fields", "versions", "source")
    keys = ("release", "published_at", "published_by", "fields", "versions", "source")
    rows = [
        [str(release[key]) for key in keys]
        for release in (it | {"published_at": local(it["published_at"])} for it in found)
    ]
    title = f"{settings().procedures_dir.absolute()}; {ZONE}"
    out.print(grid(columns, rows, title=title, right=("fields", "versions"), whole=columns[:5]))


def _known(catalogue: Catalogue, code: str) -> tuple[Procedure, ...]:
    versions = catalogue.procedures.get(code)
    if versions is None:
        raise failed(f"{code} is no procedure of the catalogue (motcua procedures list)")
    return versions


def _today() -> date:

    return datetime.now(ZoneInfo(OFFICE)).date()
