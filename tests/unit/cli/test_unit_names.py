"""Codes of units are named where people read them."""

from pathlib import Path
from typing import Any

import pytest

from cli.unit_names import unit_lines
from office.catalogue.known_units import shipped_units
from tests.support.paths import ROOT


def test_each_unit_is_named_once_in_the_order_of_the_codes() -> None:
    """Codes that nobody knows, and what is no unit, are left out."""
    units = shipped_units()
    code, other = sorted(units)[:2]
    lines = unit_lines([other, code, other, "", "X99", "unknown"])
    assert [line.split(maxsplit=1) for line in lines] == [
        [code, units[code].name],
        [other, units[other].name],
    ]


@pytest.mark.parametrize("content", ["", "unit = 3"])
def test_a_directory_that_can_t_be_used_costs_no_report(
    monkeypatch: Any, tmp_path: Path, content: str
) -> None:
    """The names of the catalogue stand in."""
    broken = tmp_path / "people.toml"
    broken.write_text(content, encoding="utf-8")
    monkeypatch.setenv("PEOPLE_DIRECTORY", str(broken))
    code = min(shipped_units())
    assert unit_lines([code]) == [f"{code}  {shipped_units()[code].name}"]


def test_the_units_of_the_directory_are_named(monkeypatch: Any) -> None:
    """An office's own come from its own file."""
    monkeypatch.setenv("PEOPLE_DIRECTORY", str(ROOT / "examples" / "people" / "people.toml"))
    assert unit_lines(["H22.12"])
