"""A setting of the desk that can't be used ends its start, on one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("value", ["soon", "0%", "-4wh"])
def test_a_wrong_warning_is_named(value: str, tmp_path: Path) -> None:
    """Exit status 2, and one line with the variable and what is allowed."""
    given = {"INTAKE_CHECK_WARNING": value, "MOTCUA_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "services.intake.main"]
    done = subprocess.run(
        command, env=os.environ | given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    wanted = f"{value!r} must look like 4wh, 1wd, 75% or none"
    assert line == f"intake: INTAKE_CHECK_WARNING: {wanted}"
