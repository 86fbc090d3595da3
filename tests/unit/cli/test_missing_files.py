"""A file that does not exist is wrong usage, whichever command is to read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.mark.parametrize(
    "command",
    [
        "verify --checkpoint nowhere.txt",
        "checkpoint --since nowhere.txt",
        "proof cu-0001 --checkpoint nowhere.txt",
        "import nowhere.csv --mapping nowhere.toml",
        "calendar check nowhere.toml",
        "calendar diff nowhere.toml vn-state-office",
        "calendar import nowhere.toml",
        "calendar due --calendar nowhere.toml --start 2021-08-09T08:00 --duration 1wd",
        "process check nowhere.yaml",
        "process show nowhere.yaml",
        "procedures check nowhere.csv",
        "procedures import nowhere.csv",
        "people check nowhere.toml",
        "people list --file nowhere.toml",
        "files put H22.12-210809-0001 don nowhere.pdf",
        "files get H22.12-210809-0001 don nowhere/copy.pdf",
        "form H22.12-210809-0001 --output nowhere/copy.pdf",
    ],
)
def test_the_exit_status_is_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """The file is named, and nothing stands on stdout."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, command.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nowhere" in done.stderr


def test_so_it_is_for_a_directory_that_a_setting_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As for other wrong settings."""
    monkeypatch.setenv("PEOPLE_DIRECTORY", str(tmp_path / "nowhere.toml"))
    for arguments in (["people", "list"], ["procedures", "list"]):
        assert CliRunner().invoke(app, arguments).exit_code == 2
