"""The script of the continuous integration, on a tiny project whose tests fail as they are told."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

MAKEFILE = """\
lint:
\t@test ! -e lint-fails
test:
\t@.venv/bin/pytest || { echo $$? >> $$TEST_STATUS; exit 1; }
"""
TESTS = """\
from pathlib import Path

def test_steady():
    assert not Path("steady-fails").exists()

def test_unsteady():
    first = not Path("ran").exists()
    Path("ran").touch()
    assert not (first and Path("unsteady-fails").exists())
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that passes; an empty file `NAME-fails` makes the part NAME fail."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.pytest.ini_options]\ntestpaths = ['test_it.py']"
    )
    (tmp_path / "test_it.py").write_text(TESTS)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, module in (("python", ""), ("pytest", "-m pytest -q -p no:randomly")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        (programs / name).chmod(0o755)
    return tmp_path


def _run(project: Path, *failing: str) -> tuple[int, str]:
    for name in failing:
        (project / f"{name}-fails").touch()
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        ["bash", project / ".ci" / "run"],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


def test_all_is_well(project: Path) -> None:
    """Nothing is run twice when nothing failed."""
    status, output = _run(project)
    assert status == 0
    assert output.count("passed in") == 1
    assert "AGAIN" not in output


def test_a_test_that_passes_only_then_is_named(project: Path) -> None:
    """The run passes, and its last lines say which test needed it; the others are not run again."""
    status, output = _run(project, "unsteady")
    assert status == 0
    end = output.partition("PASSED ONLY WHEN RUN AGAIN")[2]
    assert "test_it.py::test_unsteady" in end
    assert "test_steady" not in end
    assert "\n1 passed" in output


def test_a_test_that_fails_twice_fails(project: Path) -> None:
    """Also beside one that passes at the second time."""
    status, output = _run(project, "steady", "unsteady")
    assert status == 1
    assert "ci: tests failed" in output
    assert "ONLY WHEN RUN AGAIN" not in output


def test_failed_lint_fails(project: Path) -> None:
    """The tests are run all the same, and a second try of theirs excuses nothing."""
    status, output = _run(project, "lint", "unsteady")
    assert status == 1
    assert "ci: lint failed" in output
    assert "PASSED ONLY WHEN RUN AGAIN" in output


def test_a_run_that_broke_off_fails(project: Path) -> None:
    """A test file that cannot be read hides the other tests: it is not enough that it passes."""
    (project / "test_it.py").write_text("from pathlib import Path\nimport missing_module\n")
    status, output = _run(project)
    assert status == 1
    assert "broke off" in output
    assert "failed and are run" not in output
