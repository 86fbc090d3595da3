"""Where the command prints: answers to stdout, everything else to stderr.

People read what is printed here, so it is laid out for their lines; programs read ``--json``.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import IO, Any, Literal

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
from rich.table import Table
from rich.text import Text

LINE = 100
"""Columns of a pipe or a file when COLUMNS does not say otherwise."""
LEAST = 80
"""Columns that every table fits into; a narrower terminal breaks the lines itself."""
WIDE = 130
"""Columns from which on wide tables are shown in full."""


def line_width(stream: IO[str] | None) -> int:
    """Return the columns to lay out for: COLUMNS, the terminal's, or ``LINE``.

    At least ``LEAST``.
    """
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return max(LEAST, int(columns))
    if stream is not None and stream.isatty():
        return max(LEAST, shutil.get_terminal_size().columns)
    return LINE


class Printer(Console):
    """A console that lays tables and sentences out for its width, and loses nothing of them.

    Sentences are broken between words, and go on indented; a word that is longer than a line, such
    as a path, stays whole. With ``whole_lines`` a pipe or a file gets each sentence on one line,
    for whoever counts or searches lines.
    """

    def __init__(self, *, whole_lines: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self._whole_lines = whole_lines

    @property
    def narrow(self) -> bool:
        """Whether tables have to make do with few columns."""
        return self.width < WIDE

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and tables; ``whole_lines`` for these alone, where programs read them."""
        if not any(isinstance(thing, Table) for thing in objects):
            whole = options.pop("whole_lines", self._whole_lines) and not self.is_terminal
            if not whole and len(objects) == 1 and isinstance(objects[0], str):
                objects, whole = (_broken(objects[0], self.width),), True
            super().print(*objects, soft_wrap=whole, **options)
            return
        for thing in objects:
            if isinstance(thing, Table):
                self._fold(thing)
        options["soft_wrap"] = False
        objects = tuple(part for thing in objects for part in self._titled(thing))
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        self.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))

    def _fold(self, table: Table) -> None:
        """Fold columns that were to stay whole, where they do not fit: rich would cut them."""
        needed = Measurement.get(self, self.options.update(width=10_000), table).minimum
        if needed > self.width:
            for column in table.columns:
                column.no_wrap = False

    def _titled(self, thing: Any) -> list[Any]:
        """Return a table's title as a sentence before it: rich would break it without an indent."""
        if not (isinstance(thing, Table) and isinstance(thing.title, Text)):
            return [thing]
        bare = copy(thing)
        bare.title = None
        return [Text(_broken(thing.title.plain, self.width), style="table.title"), bare]


def _broken(text: str, width: int) -> str:
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(
            line,
            width,
            subsequent_indent=indent,
            replace_whitespace=False,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)


def _printer(*, stderr: bool) -> Printer:
    width = line_width(sys.stderr if stderr else sys.stdout)
    return Printer(whole_lines=stderr, stderr=stderr, width=width, highlight=False, emoji=False)


out = _printer(stderr=False)
err = _printer(stderr=True)


def fail(text: str) -> None:
    """Print on one line of stderr what went wrong."""
    err.print(" ".join(text.split()), style="red", markup=False)


def failed(text: str, status: int = 1) -> typer.Exit:
    """Print what went wrong; return the end of the command with that status, to be raised."""
    fail(text)
    return typer.Exit(status)


def progress_on(*columns: ProgressColumn) -> Progress:
    """Return a bar of progress for a terminal; elsewhere it shows nothing."""
    return Progress(*columns, console=err, disable=not err.is_terminal, transient=True)


@contextmanager
def count_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows on a terminal how many are done, of how many; 0 when that is not known."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with progress_on(*columns) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number of things: 1 process, 2 processes."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def grid(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str = "",
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
    heading: bool = True,
    gap: int = 2,
) -> Table:
    """Make a table without lines. Cells are plain texts, never markup.

    ``right``: columns of numbers; ``whole``: columns that are not folded while the others can give
    way.
    """
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        box=None,
        pad_edge=False,
        show_header=heading,
        padding=(0, gap, 0, 0),
    )
    for name in columns:
        justify: Literal["left", "right"] = "right" if name in right else "left"
        table.add_column(name, justify=justify, no_wrap=name in whole, overflow="fold")
    for row in rows:
        table.add_row(*[Text(cell) if isinstance(cell, str) else cell for cell in row])
    return table
