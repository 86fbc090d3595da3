"""The commands that export and check procedures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli.commands.catalogue.procedures import app


def run(*words: str, status: int = 0) -> Result:
    """Run the command."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == status, result.output
    return result


def next_version(folder: Path, **changes: Any) -> Path:
    """Export a procedure that ships and write its next version to a file."""
    path = folder / "next.json"
    run("export", "--format", "json", "--code", "2.000648", "--output", str(path))
    document = json.loads(path.read_text())
    version = document["procedures"][-1]
    version |= {"version": 2, "valid_from": "2021-06-01", "time_limit": "15wd"} | changes
    path.write_text(json.dumps(document))
    return path
