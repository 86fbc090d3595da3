"""`motcua codes read`: what a code says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.commands.catalogue.codes import app


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "000.03.12.H22-200810-0007",
            {"form": "old", "new_code": "H22.12.03", "day": "200810", "number": 7},
        ),
        ("H22.12.03", {"form": "new", "old_code": "000.03.12.H22"}),
        ("H15.50.05.13-261008-0975", {"form": "new", "unit": None, "number": 975}),
        ("000.00.00.H15", {"form": "old", "new_code": "H15", "unit": None}),
    ],
)
def test_a_code_says(code: str, expected: dict[str, Any]) -> None:
    """Codes of both forms are read, of this province with the unit's name."""
    result = CliRunner().invoke(app, ["read", code, "--json"])

    assert result.exit_code == 0, result.output
    assert expected.items() <= json.loads(result.stdout).items()


@pytest.mark.parametrize("code", ["case-10011", "h22", "09/H44", ""])
def test_a_code_of_another_form_is_told(code: str) -> None:
    """What is no code here ends with status 1."""
    result = CliRunner().invoke(app, ["read", code])

    assert result.exit_code == 1
