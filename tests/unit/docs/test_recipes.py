"""The worked examples of docs/recipes work: each is applied to a copy of the tree, and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import recipes

ORDER = ["add-a-command", "add-an-event", "add-a-view", "add-a-field"]
"""Each example goes on from the ones before it."""


@pytest.mark.parametrize("recipe", ORDER)
def test_the_example_works_to_the_letter(recipe: str, tmp_path: Path) -> None:
    """Its changes fit the tree, and its commands end well."""
    tree = tmp_path / "tree"
    recipes.copy_tree(tree)
    for earlier in ORDER[: ORDER.index(recipe) + 1]:
        for diff in recipes.blocks(earlier, "diff"):
            recipes.apply(diff, tree)
    scripts = recipes.blocks(recipe, "sh")
    assert scripts
    for script in scripts:
        done = recipes.run(script, tree)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def test_every_recipe_is_tried() -> None:
    """The list above is whole."""
    assert sorted(page.stem for page in recipes.RECIPES.glob("*.md")) == sorted(ORDER)
