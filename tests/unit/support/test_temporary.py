"""Where tests keep their files."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.temporary import memory_folder


def test_a_folder_with_room_is_taken(tmp_path: Path) -> None:
    """It is enough that there is as much as is needed."""
    assert memory_folder(tmp_path, room=1) == tmp_path


def test_a_folder_without_room_is_left(tmp_path: Path) -> None:
    """The files then lie on the disk."""
    assert memory_folder(tmp_path, room=1024**6) is None


def test_a_machine_without_the_folder_does_without(tmp_path: Path) -> None:
    """There is none on macOS."""
    assert memory_folder(tmp_path / "none", room=1) is None


def test_a_folder_that_starts_no_program_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka loads libraries from there."""
    mounted = SimpleNamespace(f_flag=os.ST_NOEXEC, f_bavail=1024**6, f_frsize=1)
    monkeypatch.setattr(os, "statvfs", lambda _folder: mounted)
    assert memory_folder(tmp_path, room=1) is None
