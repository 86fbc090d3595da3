"""`motcua report`: the official indicators of a period, and the dossiers behind each figure."""

from __future__ import annotations

import sys
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from cli.commands.dossier import KNOWN_AT
from cli.commands.report import dossiers, files, forms, tables
from cli.commands.report.forms import Form
from cli.commands.report.indicators import By, Organisation, fetch, report_request
from cli.formatting import json_text
from cli.options import JSON
from cli.printer import grid, out
from cli.unit_names import unit_lines, unit_names

app = typer.Typer(invoke_without_command=True, help="Count the official indicators of a period.")
_FROM = Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")]
_TO = Annotated[str, typer.Option("--to", help="Last day, itself included.")]
_AS_OF = Annotated[str, typer.Option(help="Only what had happened by then (ISO 8601).")]
_ORGANISED = Annotated[
    Organisation, typer.Option(help="Units as they were, or their successors of now.")
]


class Format(StrEnum):
    """How a report is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    xlsx = "xlsx"


@app.callback()
def report(
    context: typer.Context,
    from_day: _FROM = "",
    to_day: _TO = "",
    as_of: _AS_OF = "",
    known_at: KNOWN_AT = "",
    by: Annotated[By | None, typer.Option(help="One line for each of these; the unit.")] = None,
    cross: Annotated[By | None, typer.Option(help="Each line once more by these.")] = None,
    organised: _ORGANISED = Organisation.then,
    with_lower_units: Annotated[
        bool, typer.Option("--with-lower-units", help="Each unit with all units below it.")
    ] = False,
    form: Annotated[
        Form | None, typer.Option(help="As an official form, in Vietnamese: by unit, by field.")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    output: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Count the official indicators of a period.

    What came in, was resolved (early, on time, late), returned without result, and is pending. It
    is judged by the local days of each dossier: what is due today is late from tomorrow on.
    (`motcua deadlines` judges by the instant.)

    Shares are percentages: share, of what all lines received, or with --cross the lines of the same
    key; in_time_share, early or on time of those resolved; online_share, of those received.

    --known-at gives the report as it was made then; with --as-of, what had been recorded then of
    what had happened by the other instant.
    """
    if context.invoked_subcommand:
        return
    if by and form:
        raise typer.BadParameter(f"form {form} is by {forms.LAYOUTS[form].by}", param_hint="--by")
    if cross and form:
        raise typer.BadParameter("a form has no second breakdown", param_hint="--cross")
    broken_down = forms.LAYOUTS[form].by if form else by or By.unit
    if cross is broken_down:
        raise typer.BadParameter("--cross must differ from --by", param_hint="--cross")
    if as_json:
        format_ = Format.json
    if format_ is Format.xlsx and output is None:
        raise typer.BadParameter("a workbook needs a file", param_hint="--output")
    document = fetch(
        report_request(
            _required(from_day, "--from"),
            _required(to_day, "--to"),
            as_of,
            broken_down,
            organised,
            known_at,
            cross=cross or "",
            with_lower_units=with_lower_units,
        )
    )
    if format_ is Format.table and output is None:
        _show(document, form)
    else:
        _write(document, form, format_, output)


def _write(
    document: dict[str, Any], form: Form | None, format_: Format, output: Path | None
) -> None:
    match format_:
        case Format.table:
            raise typer.BadParameter("a file is json, csv or xlsx", param_hint="--format")
        case Format.json:
            text = json_text(document | ({"form": form.value} if form else {}))
        case Format.csv:
            text = files.report_csv(document)
        case Format.xlsx:
            content = (
                files.form_xlsx(form, document, unit_names())
                if form
                else files.report_xlsx(document)
            )
    if output is None:
        sys.stdout.write(text)
        return
    output.write_bytes(content if format_ is Format.xlsx else text.encode())
    out.print(str(output), markup=False, whole_lines=True)


def _show(document: dict[str, Any], form: Form | None) -> None:
    if form:
        _show_form(document, form)
        return
    crossed = "cross" in document
    out.print(tables.cross_table(document) if crossed else tables.table(document))
    out.print(tables.shares_line(document), markup=False)
    if late := document["total"]["checked_late"]:
        out.print(f"checked late: {late} of those received, by {_places(document)}", markup=False)
    out.print(tables.LEGEND, markup=False)
    if By.unit in (document["by"], document.get("cross")):
        name = "key" if document["by"] == By.unit else "cross"
        for line in unit_lines(row[name] for row in document["rows"]):
            out.print(line, markup=False)


def _show_form(document: dict[str, Any], form: Form) -> None:
    """Print a form as one table for each group of its columns: all of them fit no terminal."""
    layout = forms.LAYOUTS[form]
    out.print(f"{layout.title}\n{forms.period(document)}", markup=False)
    lines = [[_cell(value) for value in line] for line in forms.lines(document, unit_names())]
    place = 1
    for group, members in groupby(forms.COLUMNS, key=lambda column: column[0]):
        headings = [heading for _, heading, _ in members]
        *rows, total = ([line[0], *line[place : place + len(headings)]] for line in lines)
        bold = [Text(cell, style="bold") for cell in total]
        out.print()
        out.print(grid([layout.first, *headings], [*rows, bold], title=group, right=headings))
        place += len(headings)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}".replace(".", ",") if isinstance(value, float) else str(value)


def _places(document: dict[str, Any]) -> str:
    """Return which lines of a report have how many dossiers that were checked late."""
    rows = [row for row in document["rows"] if row["checked_late"]]
    names = [" ".join((row["key"], row.get("cross", ""))).strip() for row in rows]
    counts = [row["checked_late"] for row in rows]
    return f"{document['by']}: " + ", ".join(
        f"{name} {count}" for name, count in zip(names, counts, strict=True)
    )


@app.command("late")
def late(
    from_day: _FROM,
    to_day: _TO,
    by: Annotated[dossiers.Whose, typer.Option(help="Who answers for them.")] = dossiers.Whose.unit,
    as_of: _AS_OF = "",
    known_at: KNOWN_AT = "",
    organised: _ORGANISED = Organisation.then,
    as_json: JSON = False,
) -> None:
    """List what was resolved late or is overdue, by who answers for it.

    Resolved in the period, overdue at its end. Who had a dossier when its promised instant passed
    answers for it: the unit, and the officer.
    """
    dossiers.show_late(
        report_request(from_day, to_day, as_of, By.unit, organised, known_at),
        by,
        as_json=as_json,
    )


@app.command("dossiers")
def listed(
    from_day: _FROM,
    to_day: _TO,
    figure: Annotated[list[dossiers.Figure], typer.Option(help="The figure; may be repeated.")],
    by: Annotated[By, typer.Option(help="By what the report is broken down.")] = By.unit,
    key: Annotated[str, typer.Option(help="Of this line; all lines.")] = "",
    cross: Annotated[By | None, typer.Option(help="By what once more.")] = None,
    cross_key: Annotated[str, typer.Option(help="Of this column; all columns.")] = "",
    as_of: _AS_OF = "",
    known_at: KNOWN_AT = "",
    organised: _ORGANISED = Organisation.then,
    with_lower_units: Annotated[
        bool, typer.Option("--with-lower-units", help="Each unit with all units below it.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """List the dossiers behind a figure of a report."""
    request = report_request(
        from_day,
        to_day,
        as_of,
        by,
        organised,
        known_at,
        cross=cross or "",
        with_lower_units=with_lower_units,
    )
    dossiers.show(request, key, cross_key, figure, as_json=as_json)


def _required(text: str, option: str) -> str:
    if not text:
        raise typer.BadParameter("is needed", param_hint=option)
    return text
