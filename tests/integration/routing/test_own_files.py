"""An office's own files that can't be used end the start, on one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.routing.config.escalation_files import SHIPPED

BAD = "process: own\nversion: 1\n"


def started(**settings: str) -> subprocess.CompletedProcess[str]:
    """Start the service, which ends before it needs a broker or a database."""
    command = [sys.executable, "-m", "services.routing.main"]
    given = {k: v for k, v in os.environ.items() if not k.startswith(("MOTCUA", "ROUTING"))}
    return subprocess.run(
        command, env=given | settings, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    "name", ["MOTCUA_PROCESSES", "ROUTING_ESCALATION_POLICIES", "PEOPLE_DIRECTORY"]
)
def test_what_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    """Exit status 2, and one line with the path."""
    done = started(**{name: str(tmp_path / "nowhere")})
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("routing: ")
    assert str(tmp_path / "nowhere") in line


def test_a_wrong_process_is_told_with_its_place(tmp_path: Path) -> None:
    """Every mistake with file and line, on one line."""
    (tmp_path / "own.yaml").write_text(BAD)
    done = started(MOTCUA_PROCESSES=str(tmp_path))
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"{tmp_path / 'own.yaml'}:1:1: [missing]" in line


def test_a_level_that_would_notify_nobody_is_refused_with_its_place(tmp_path: Path) -> None:
    """Variable, file, policy, level and key, on one line."""
    own = tmp_path / "own.toml"
    shipped = SHIPPED.read_text("utf-8")
    own.write_text(shipped.replace('role = "leader"', 'role = "king"'), "utf-8")
    done = started(ROUTING_ESCALATION_POLICIES=str(own))
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    place = f"{own}:30:1: policy 1, level 2 (leader), role: there is no role king"
    assert line.startswith(f"routing: ROUTING_ESCALATION_POLICIES: {place}")
