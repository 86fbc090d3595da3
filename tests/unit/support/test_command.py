"""A call of the command that is forked is as one that a shell starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import Done, command_server
from tests.support.paths import ROOT


def run(*arguments: str, folder: Path, timeout: float = 60.0, **env: str) -> Done:
    """Run the command in a folder."""
    return command_server().run(
        arguments, env={**os.environ, **env}, folder=folder, timeout=timeout
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--version",),
        ("nonsense",),
        ("report", "--from", "2021-08-09"),
        ("process", "check", "none.yaml"),
        ("calendar", "due", "--start", "2021-08-09T10:00", "--duration", "3wd"),
    ],
)
def test_output_and_status_are_the_same(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """On both streams, in a folder of the caller's choice."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    forked = run(*arguments, folder=tmp_path)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        started.returncode,
        started.stdout,
        started.stderr,
    )


def test_each_call_has_its_own_environment(tmp_path: Path) -> None:
    """What one is given, the next one does not see."""
    data = f"{tmp_path}/data"
    assert data in run("status", folder=tmp_path, MOTCUA_DATA_DIR=data).stderr
    assert data not in run("status", folder=tmp_path, MOTCUA_DATA_DIR=str(tmp_path)).stderr


def test_a_call_whose_time_is_up_is_ended(tmp_path: Path) -> None:
    """As ``subprocess.run`` ends it; the next one works."""
    with pytest.raises(subprocess.TimeoutExpired):
        run("calendar", "due", folder=tmp_path, timeout=0.0)
    assert run("--version", folder=tmp_path).returncode == 0
