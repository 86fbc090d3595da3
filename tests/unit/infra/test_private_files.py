"""Folders, databases and children's files are their owner's alone."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from infra.local.child import spawn
from infra.local.smtp import SinkHandler
from kernel.storage.engines import open_engine


@pytest.fixture(autouse=True)
def careless() -> object:
    """Work with the umask that shells have."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_database_is_its_owner_s_alone(tmp_path: Path) -> None:
    """With the files beside it, and its folder; one that is there keeps its rights."""
    path = tmp_path / "data" / "keyring.sqlite3"
    engine = open_engine(f"sqlite:///{path}", "keyring")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE x (y)")
        found = {each.name: mode(each) for each in path.parent.iterdir()}
    engine.dispose()
    assert found.keys() >= {"keyring.sqlite3", "keyring.sqlite3-wal"}
    assert set(found.values()) == {0o600}
    assert mode(path.parent) == 0o700


def test_what_a_child_writes_is_its_owner_s_alone(tmp_path: Path) -> None:
    """Files and folders."""
    write = "import os, sys; os.mkdir(sys.argv[1]); open(sys.argv[1] + '/file', 'w')"
    command = [sys.executable, "-c", write, str(tmp_path / "made")]
    child = spawn(command, log=tmp_path / "log", death_signal=signal.SIGKILL)
    assert child.wait(20) == 0
    assert mode(tmp_path / "made") == 0o700
    assert mode(tmp_path / "made" / "file") == 0o600


def test_mails_lie_in_a_folder_of_their_owner(tmp_path: Path) -> None:
    """Also one that was there before."""
    (tmp_path / "mail").mkdir()
    SinkHandler(tmp_path / "mail")
    assert mode(tmp_path / "mail") == 0o700
