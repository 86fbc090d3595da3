"""Rows of cells below a heading: which cell belongs to which column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from cli.importing.rows import MALFORMED, Layout, SourceError, SourceRow
from office.normalization.lines import folded, line

_END_OF_FILE: Final = "\0\x1a"


class Heading:
    """The columns of a table. Blank cells behind the last name, as spreadsheets add, are none.

    A column that is asked for has the name by which it is, whatever letters are capitals in the
    file.
    """

    def __init__(self, cells: Sequence[str], asked_for: Iterable[str] = ()) -> None:
        known = {folded(name): name for name in asked_for}
        names = [known.get(folded(cell), line(cell)) for cell in cells]
        while names and not names[-1]:
            names.pop()
        self.repeated = {name for name, count in Counter(names).items() if name and count > 1}
        seen: Counter[str] = Counter()
        self._names: list[str] = []
        for place, name in enumerate(names, 1):
            seen[name] += 1
            own = name or f"#{place}"
            self._names.append(own if not name or seen[name] == 1 else f"{name} #{seen[name]}")

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self._names)

    def row(self, number: int, cells: Sequence[str]) -> SourceRow | None:
        """Return a row; None for one whose cells are all empty; mark another number of cells."""
        if is_blank(cells):
            return None
        values = dict(zip(self._names, cells, strict=False))
        beyond = tuple(cells[len(self._names) :])
        if len(cells) < len(self._names) or any(map(str.strip, beyond)):
            values[MALFORMED] = f"has {len(cells)} cells, the heading has {len(self._names)}"
            return SourceRow(number, values, beyond)
        return SourceRow(number, values)


def heading_of(path: Path, cells: Sequence[str], layout: Layout) -> Heading:
    """Return the heading of a file; raise ``SourceError`` when it has a column that is asked
    for twice.
    """
    heading = Heading(cells, layout.columns)
    if twice := heading.repeated & layout.columns:
        raise SourceError(f"{path}: has the column {min(twice)!r} twice")
    return heading


def is_blank(cells: Iterable[str]) -> bool:
    """Return whether nothing is in any cell but blanks, and what old programs end a file with."""
    return not any(cell.strip().strip(_END_OF_FILE) for cell in cells)
