"""The rejects file: the rows that were not imported, as they were, and why."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from cli.importing.history import Reject
from cli.importing.rows import MALFORMED, Layout, SourceError, SourceRow
from cli.importing.sources import read_rows

OURS = ("row", "case", "reason")
"""The columns before those of the source."""


def write_rejects(
    path: Path,
    rejects: Sequence[Reject],
    troubles: Sequence[tuple[str, str]],
    log: Path,
    layout: Layout,
) -> bool:
    """Write a CSV with a line for each reject: row, case, reason, and the row's own cells.

    A case in ``troubles`` has a line without a row. Nothing to write removes a file of an earlier
    run; return whether there is a file. Only its owner may read it: it holds what the source holds.
    Raise ``OSError``.
    """
    if not rejects and not troubles:
        path.unlink(missing_ok=True)
        return False
    rows = _rows(rejects, log, layout)
    columns = list(dict.fromkeys(name for row in rows.values() for name in row.values))
    columns = [name for name in columns if name != MALFORMED]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # With its mark, the file is read as what it is, whatever encoding the mapping states.
    encoding = "utf-8-sig" if layout.encoding else "utf-8"
    with os.fdopen(descriptor, "w", encoding=encoding, newline="") as target:
        writer = csv.writer(target, delimiter=layout.delimiter or ",")
        writer.writerow([*OURS, *(f"source {n}" if n in OURS else n for n in columns)])
        for reject in rejects:
            row = rows.get(reject.row, SourceRow(reject.row, {}))
            cells = [row.values.get(name, "") for name in columns]
            writer.writerow([*reject, *cells, *row.beyond])
        writer.writerows(("", case, reason) for case, reason in troubles)
    fresh.replace(path)
    return True


def _rows(rejects: Sequence[Reject], log: Path, layout: Layout) -> dict[int, SourceRow]:
    """Read the rejected rows again: they are few, and the others need not be kept for them."""
    wanted = {reject.row for reject in rejects}
    found: dict[int, SourceRow] = {}
    with suppress(SourceError):  # a file that has changed meanwhile takes no reason away
        for row in read_rows(log, layout):
            if row.number in wanted:
                found[row.number] = row
    return found
