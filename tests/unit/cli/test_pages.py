"""The commands that README.md and the pages of docs/ show."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from tests.support.paths import ROOT

PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]
_COMMAND = re.compile(r"^ {4,}(?:\$ )?(?:[A-Z_]+=\S+ )*motcua (?=[a-z])(.*)$")


def shown(page: str) -> list[list[str]]:
    """List the arguments of every command on a page, with those that go on over several lines."""
    found: list[list[str]] = []
    whole = ""
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        begins = _COMMAND.match(line)
        whole = f"{whole}\n{line}" if whole else begins[1] if begins else ""
        if not whole or whole.endswith("\\"):
            continue
        try:
            parts = shlex.split(whole.replace("\\\n", " "), comments=True)
        except ValueError:  # a quotation goes on
            continue
        cut = next((n for n, part in enumerate(parts) if part in ("<", ">", "|")), len(parts))
        found.append(parts[:cut])
        whole = ""
    return found


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
