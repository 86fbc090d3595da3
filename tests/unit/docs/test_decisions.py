"""The decisions of docs/adr have one form, and their index is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDER = ROOT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives"]
HEAD = re.compile(r"# (\d+)\. (.+)\n\n- Date: (\d{4}-\d\d-\d\d)\n- Status: (.+)\n\n## Context\n")


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_each_has_the_form(path: Path) -> None:
    """Number, title, date, status, then the four sections."""
    text = path.read_text("utf-8")
    head = HEAD.match(text)
    assert head
    assert path.name.startswith(f"{int(head[1]):04d}-")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS


def test_the_index_has_each_once() -> None:
    """With its number, title, date and status."""
    expected = []
    for path in DECISIONS:
        head = HEAD.match(path.read_text("utf-8"))
        assert head
        number, title, date, status = head.groups()
        expected.append(f"| [{number}]({path.name}) | {title} | {date} | {status} |")
    index = (FOLDER / "README.md").read_text("utf-8")
    assert re.findall(r"^\| \[.*$", index, re.MULTILINE) == expected
