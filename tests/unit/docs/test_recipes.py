"""The worked examples of docs/recipes work: each is applied to a copy of the tree, and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import recipes

FIRST = "add-a-command"
LATER = ["add-an-event", "add-a-view", "add-a-field"]
"""Each example goes on from the ones before it."""


def _follow(recipe: str, tree: Path) -> None:
    """Do what a page says, in a copy of the tree."""
    for diff in recipes.blocks(recipe, "diff"):
        recipes.apply(diff, tree)
    scripts = recipes.blocks(recipe, "sh")
    assert scripts
    for script in scripts:
        done = recipes.run(script, tree)
        assert done.returncode == 0, f"{recipe}: {script}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, ask_server: object) -> Path:
    """A copy of the tree in which the first recipe was followed; tests that are run there use this
    session's servers.
    """
    tree = tmp_path_factory.mktemp("recipes") / "tree"
    recipes.copy_tree(tree)
    _follow(FIRST, tree)
    return tree


def test_a_command_is_added_to_the_letter(tree: Path) -> None:
    """Its changes fit the tree, and the new command's test passes."""
    assert (tree / "tests" / "unit" / "routing" / "test_leave_case.py").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_event_a_view_and_a_field_are_added_to_the_letter(tree: Path) -> None:
    """Their changes fit the tree one after the other, with a migration each where rows change."""
    for recipe in LATER:
        _follow(recipe, tree)
    folder = tree / "services" / "routing" / "migrations"
    assert len(list(folder.glob("000[23]_*.py"))) == 2


def test_every_recipe_is_tried() -> None:
    """The lists above are whole."""
    found = sorted(page.stem for page in recipes.RECIPES.glob("*.md"))
    assert found == sorted([FIRST, *LATER])
