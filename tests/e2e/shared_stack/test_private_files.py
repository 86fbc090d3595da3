"""What the stack writes is its user's alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.stack import Stack

pytestmark = pytest.mark.e2e
SHARED = 0o077


def test_nobody_else_reads_what_the_stack_has_written(stack: Stack) -> None:
    """Keys, databases with what lies beside them, the broker's log, mails, logs of processes."""
    mine = [stack.folder / name for name in ("kafka", "mail", "log")]
    mine += [path for path in stack.folder.iterdir() if ".sqlite3" in path.name]
    mine += [stack.folder / "master.key"]
    written = [each for path in mine for each in (path, *path.rglob("*")) if each.exists()]
    names = {path.name for path in written}
    assert {"keyring.sqlite3", "intake.sqlite3", "kafka", "log"} <= names
    assert any(path.suffix == ".log" and "kafka" in path.parts for path in written)
    assert {str(path): oct(_mode(path)) for path in written if _mode(path) & SHARED} == {}


def _mode(path: Path) -> int:
    return path.lstat().st_mode & 0o777 if not path.is_symlink() else 0
