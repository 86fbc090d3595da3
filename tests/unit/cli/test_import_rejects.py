"""The file of rows that an import did not bring in."""

import csv
import stat
from collections.abc import Sequence
from pathlib import Path

from cli.importing.history import Reject
from cli.importing.rejects import write_rejects
from cli.importing.rows import Layout

LOG = 'case,reason,what\nc-1,a,"one\ntwo"\n\nc-2,b,x,y,z\nc-3,c,fine\n'
REJECTS = [Reject(2, "c-1", "bad"), Reject(4, "c-2", "has 5 cells")]


def _written(
    tmp_path: Path, rejects: list[Reject], troubles: Sequence[tuple[str, str]] = ()
) -> tuple[Path, bool]:
    log, path = tmp_path / "log.csv", tmp_path / "deep" / "rejects.csv"
    log.write_text(LOG, encoding="utf-8")
    return path, write_rejects(path, rejects, troubles, log, Layout("csv"))


def test_a_reject_keeps_its_row_as_it_was(tmp_path: Path) -> None:
    """Number, case and reason, then all the row's cells, those beyond the last column too."""
    path, written = _written(tmp_path, REJECTS)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert written
    assert lines == [
        ["row", "case", "reason", "source case", "source reason", "what"],
        ["2", "c-1", "bad", "c-1", "a", "one\ntwo"],
        ["4", "c-2", "has 5 cells", "c-2", "b", "x", "y", "z"],
    ]


def test_a_case_in_trouble_has_a_line_without_a_row(tmp_path: Path) -> None:
    """Its rows are in, its end is not."""
    path, _ = _written(tmp_path, [], [("c-3", "its end: refused")])
    assert path.read_text("utf-8").splitlines() == ["row,case,reason", ",c-3,its end: refused"]


def test_no_rejects_leave_no_file(tmp_path: Path) -> None:
    """Not even that of an earlier run, which would list rows that are in by now."""
    path, _ = _written(tmp_path, REJECTS)
    assert path.exists()
    assert _written(tmp_path, []) == (path, False)
    assert not path.exists()


def test_nobody_else_may_read_the_rejects(tmp_path: Path) -> None:
    """A row holds what the source holds, names too."""
    path, _ = _written(tmp_path, REJECTS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
