"""Where tests find the repository's own files."""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
_CODE: Final = ("kernel", "office", "services", "cli", "demo", "partner_sim", "infra", "tools")


def code_files() -> list[Path]:
    """Return the Python files of the project that are no tests, in the order of their paths."""
    return [path for room in _CODE for path in sorted((ROOT / room).rglob("*.py"))]


def case_file(name: str) -> Path:
    """Return a file of the inputs that were tried; the test is skipped where they are not at hand.

    ``name`` is the path below the folder of all inputs.
    """
    path = ROOT.parent / "shared" / "cases" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path
