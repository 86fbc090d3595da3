"""`motcua import FILE --mapping MAP.toml`."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cli.formatting import print_json
from cli.grpc_clients import status_of
from cli.importing.calls import ServiceAway
from cli.importing.history import Histories, read_histories
from cli.importing.mapping import LoadedMapping, MappingError, load_mapping
from cli.importing.rejects import write_rejects
from cli.importing.rows import SourceError
from cli.importing.runner import ImportOutcome, Journal, import_histories
from cli.importing.sources import read_rows
from cli.options import JSON
from cli.printer import counted, err, fail, failed, out
from cli.settings import settings

AGAIN = "what came in stays; run the same command again to go on where it was"
_SHOWN = 10
"""Codes that are listed of dossiers that something is wrong with."""
_WHOLE_DAY = (
    'if the whole day is meant, put its form before the others: time_format = ["%d/%m/%Y 00:00", …]'
)
SOME_REJECTED = 3
"""The exit status when all rows are accounted for, and some of them were not brought in."""


def import_log(
    file: Annotated[Path, typer.Argument(help="The log of the other system.")],
    mapping: Annotated[Path, typer.Option(help="Which column means what (TOML).")],
    rejects: Annotated[
        Path | None,
        typer.Option(help="Where rows go that are not brought in, with their reasons (CSV)."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Import another system's dossiers with their original times.

    It goes through the services' own commands. Run again, it changes nothing; interrupted, it goes
    on where it was. Exit status 3 when some rows were rejected, 1 when it could not be finished.
    """
    try:
        loaded = load_mapping(mapping)
        histories = _read(file, loaded)
    except (MappingError, SourceError) as error:
        raise failed(str(error), 2) from error
    target = rejects or settings().data_dir.absolute() / "imports" / f"{file.stem}.rejects.csv"
    if target.is_dir() or any(_same(target, given) for given in (file, mapping)):
        raise typer.BadParameter(f"{target} can't be written over", param_hint="--rejects")
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        outcome = _run(file, loaded, histories)
        left_out = outcome.rejects, outcome.troubles
        written = write_rejects(target, *left_out, file, loaded.mapping.layout)
    except OSError as error:
        raise failed(f"{error.filename or target}: {error.strerror}; {AGAIN}") from error
    _print(outcome, target if written else None, as_json=as_json)
    accounted = outcome.kept + len(outcome.rejects) + outcome.left_out
    if outcome.troubles or outcome.rows != accounted:
        raise typer.Exit(1)
    if outcome.rejects:
        raise typer.Exit(SOME_REJECTED)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and one.samefile(other)


def _read(file: Path, loaded: LoadedMapping) -> Histories:
    rows = read_rows(file, loaded.mapping.layout)
    return read_histories(rows, loaded.mapping, time.time_ns() // 1000)


def _run(file: Path, loaded: LoadedMapping, histories: Histories) -> ImportOutcome:
    for service in ("intake", "routing"):
        if status_of(service) is None:
            raise failed(f"{service} does not answer; is it running? (motcua status)")
    journal = Journal(settings().data_dir.absolute() / "imports", file, loaded)
    columns = (
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(
            *columns, console=err, disable=not err.is_terminal, transient=True
        ) as progress:
            task = progress.add_task("rows", total=histories.rows, completed=len(histories.rejects))
            return asyncio.run(
                import_histories(histories, loaded, journal, lambda n: progress.advance(task, n))
            )
    except ExceptionGroup as group:
        away, others = group.split(ServiceAway)
        if away is None or others is not None:
            raise
        raise failed(f"stopped: {away.exceptions[0]}; {AGAIN}") from None
    except KeyboardInterrupt:
        raise failed(f"interrupted; {AGAIN}") from None
    finally:
        journal.close()


class _Rate(ProgressColumn):
    """Shows how fast it goes."""

    def render(self, task: Task) -> Text:
        """Return rows per second."""
        return Text(f"{task.speed or 0:,.0f} rows/s")


def _numbers(outcome: ImportOutcome, rejects: Path | None) -> dict[str, Any]:
    return {
        "rows": outcome.rows,
        "kept": outcome.kept,
        "rejected": len(outcome.rejects),
        "left_out": outcome.left_out,
        "dossiers": outcome.dossiers,
        "ended": outcome.ended,
        "open": outcome.dossiers - outcome.ended,
        "steps_after_end": outcome.after_end,
        "steps_before_start": outcome.before_start,
        "at_midnight": outcome.at_midnight,
        "ended_before_start": outcome.ended_before_start,
        "due_before_start": outcome.due_before_start,
        "dossiers_done_before": outcome.skipped,
        "dossiers_in_trouble": len({case for case, _ in outcome.troubles}),
        "seconds": round(outcome.seconds, 2),
        "rejects_file": str(rejects) if rejects else None,
    }


def _doubtful(what: str, codes: list[str]) -> list[str]:
    """Return the line about dossiers that were kept although what is known of them can't be so."""
    if not codes:
        return []
    shown = ", ".join(codes[:_SHOWN]) + (", …" if len(codes) > _SHOWN else "")
    return [f"kept, but {what}: {counted(len(codes), 'dossier')} ({shown})"]


def _print(outcome: ImportOutcome, rejects: Path | None, *, as_json: bool) -> None:
    for case, reason in outcome.troubles:
        fail(f"{case}: {reason}")
    if as_json:
        print_json(_numbers(outcome, rejects))
        return
    rejected = len(outcome.rejects)
    where = f" (see {rejects})" if rejects else ""
    opened = outcome.dossiers - outcome.ended
    left_out = f" + rows left out {outcome.left_out}" if outcome.left_out else ""
    lines = [
        f"rows in {outcome.rows} = rows kept {outcome.kept} + rows rejected {rejected}{where}"
        f"{left_out}",
        f"{counted(outcome.dossiers, 'dossier')}, {outcome.ended} ended, {opened} open; "
        f"{counted(outcome.after_end, 'step')} after the end of their case kept",
    ]
    if outcome.left_out:
        lines.append("left out are transitions that the mapping does not count as steps")
    if outcome.before_start:
        lines.append(
            f"kept, but before their case was handed in: {counted(outcome.before_start, 'step')}"
        )
    if outcome.at_midnight:
        lines += _doubtful("due or ended at 00:00, the beginning of that day", outcome.at_midnight)
        lines.append(_WHOLE_DAY)
    lines += _doubtful("ended before it was handed in", outcome.ended_before_start)
    lines += _doubtful("is due before it was handed in", outcome.due_before_start)
    if outcome.skipped:
        lines.append(f"{outcome.skipped} of them were complete before")
    rate = outcome.rows / max(outcome.seconds, 1e-9)
    lines.append(f"{outcome.seconds:.1f} s ({rate:,.0f} rows/s)")
    out.print("\n".join(lines), markup=False)
