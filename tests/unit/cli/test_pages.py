"""The commands that README.md and the pages of docs/ show."""

from __future__ import annotations

from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from tests.support.pages import shown
from tests.support.paths import ROOT

PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_shown_is_one(page: str) -> None:
    """Each is known, with its options and arguments."""
    for arguments in shown(page):
        command: Any = get_command(app)
        rest = arguments
        while hasattr(command, "get_command") and rest and not rest[0].startswith("-"):
            found = command.get_command(None, rest[0])
            if found is None:
                assert getattr(command, "invoke_without_command", False), arguments
                break
            command, rest = found, rest[1:]
        command.make_context(command.name, list(rest))


@pytest.mark.parametrize("page", ["README.md", "docs/operators.md", "docs/deadlines.md"])
def test_the_pages_show_commands(page: str) -> None:
    """And the search for them finds them."""
    assert len(shown(page)) >= 7


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_shows_commands_says_how_they_are_called(page: str) -> None:
    """A new user has no motcua on the path before that."""
    if shown(page):
        assert "source .venv/bin/activate" in (ROOT / page).read_text(encoding="utf-8")
