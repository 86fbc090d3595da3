"""`motcua process check / list / show`: processes, without any service running."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.commands.catalogue.installed_processes import office_processes, works_of
from cli.commands.catalogue.office_catalogue import office_catalogue
from cli.formatting import print_json
from cli.options import JSON, OFFICE, Language, must_exist
from cli.printer import counted, failed, grid, out
from kernel.documents.mistakes import DocumentMistake
from office.process.model.process import Process, Processes, UnknownProcess
from office.process.rendering.bpmn import render_bpmn
from office.process.rendering.flow_graph import flow_of
from office.process.rendering.layout import lay_out
from office.process.rendering.svg import render_svg
from office.process.rendering.text import render_text
from office.process.repository import STANDARD_FOLDER, check_files, files_in

app = typer.Typer(
    no_args_is_help=True, help="The processes by which cases are worked: check, show."
)


class OutputForm(StrEnum):
    """How a process is shown."""

    text = "text"
    svg = "svg"
    bpmn = "bpmn"


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.")],
    language: Annotated[Language, typer.Option(help="Language of mistakes.")] = Language.en,
    as_json: JSON = False,
) -> None:
    """Show every mistake of process files with its file, line and rule.

    Exit status 1 when there is one.
    """
    for file in files:
        must_exist(file, "FILES")
    paths = [path for file in files for path in (files_in(file) if file.is_dir() else [file])]
    if not paths:
        raise failed(f"{', '.join(map(str, files))}: no file ends in .yaml")
    found, mistakes = _check(paths)
    if as_json:
        keys = ("file", "line", "column", "rule", "where")
        wrong = [
            {key: getattr(it, key) for key in keys} | {"text": it.text.en, "vi": it.text.vi}
            for it in mistakes
        ]
        print_json({"ok": not mistakes, "processes": _rows(found), "mistakes": wrong})
    else:
        for mistake in mistakes:
            out.print(mistake.in_language(language.value), markup=False, whole_lines=True)
        files_read = (
            f"{counted(len(found), 'process', 'processes')} in {counted(len(paths), 'file')}"
        )
        summary = f"{files_read}, {counted(len(mistakes), 'mistake')}"
        out.print(summary, markup=False)
    if mistakes:
        raise typer.Exit(1)


@app.command("list")
def list_all(as_json: JSON = False) -> None:
    """List every version of every process.

    Those that ship, and the office's own.
    """
    found = office_processes().all()
    if as_json:
        print_json({"processes": _rows(found)})
        return
    rows = [
        [p.name, str(p.version), str(len(p.steps)), ", ".join(s.name for s in p.steps), p.title.vi]
        for p in found
    ]
    out.print(grid(["process", "version", "steps", "", "title"], rows, right=["version", "steps"]))


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A process, or the path of a file with one.")],
    form: Annotated[OutputForm, typer.Option("--format", help="How to show it.")] = OutputForm.text,
    version: Annotated[int, typer.Option(help="Which version; 0 for the latest.")] = 0,
    language: Annotated[Language, typer.Option(help="Language of titles.")] = Language.vi,
) -> None:
    """Draw a process.

    As text, as a picture (SVG), or as BPMN 2.0 for a modeller.

    Pictures go to stdout: `motcua process show standard --format svg > standard.svg`.
    """
    process = _one(name, version)
    if form is OutputForm.text:
        out.print(render_text(process, language.value), markup=False)
        return
    drawing = lay_out(flow_of(process, language.value))
    print(render_svg(drawing) if form is OutputForm.svg else render_bpmn(drawing), end="")


def _check(paths: Sequence[Path]) -> tuple[list[Process], list[DocumentMistake]]:
    """Check files as a start would: by the office's catalogue, and with the processes that ship."""
    catalogue = office_catalogue()
    given = {path.resolve() for path in paths}
    beside = [path for path in files_in(STANDARD_FOLDER) if path.resolve() not in given]
    codes = set(catalogue.procedures)
    works = works_of(catalogue, datetime.now(ZoneInfo(OFFICE)).date())
    return check_files(
        paths, set(catalogue.units), procedures=codes, companions=beside, works=works
    )


def _one(name: str, version: int) -> Process:
    if Path(name).suffix == ".yaml":
        must_exist(Path(name), "NAME")
        found, mistakes = _check([Path(name)])
        if mistakes:
            raise failed(f"{mistakes[0]} (all mistakes: motcua process check {name})")
        processes = Processes(found)
        name = found[0].name
    else:
        processes = office_processes()
    try:
        return processes.get(name, version) if version else processes.latest(name)
    except UnknownProcess as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error


def _rows(found: Sequence[Process]) -> list[dict[str, object]]:
    return [
        {
            "process": process.name,
            "version": process.version,
            "title_vi": process.title.vi,
            "title_en": process.title.en,
            "steps": [step.name for step in process.steps],
        }
        for process in found
    ]
