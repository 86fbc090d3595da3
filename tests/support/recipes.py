"""The recipes of docs/recipes: changes in blocks of ``diff``, commands in blocks of ``sh``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

RECIPES: Final = ROOT / "docs" / "recipes"
_BLOCK: Final = re.compile(r"^```(diff|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT: Final = (".git", ".venv", ".cache", ".motcua", "build", "dist")


def blocks(recipe: str, kind: str) -> list[str]:
    """Return the blocks of a kind (``diff``, ``sh``) on the page of a recipe, in order."""
    text = (RECIPES / f"{recipe}.md").read_text("utf-8")
    return [body for found, body in _BLOCK.findall(text) if found == kind]


def copy_tree(to: Path) -> None:
    """Copy the project; its virtual environment is shared, its generated code is not.

    Compiled modules are copied too: they are as old as their sources, and save much time.
    """
    shutil.copytree(ROOT, to, ignore=shutil.ignore_patterns(*_LEFT_OUT, ".*_cache"))
    (to / ".venv").symlink_to(ROOT / ".venv")


def apply(diff: str, root: Path) -> None:
    """Carry out a block of ``diff`` below a folder.

    Raise ``ValueError`` when the lines around an addition do not stand in the file exactly once.
    """
    for part in re.split(r"^\+\+\+ ", diff, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        path = root / name.strip()
        for hunk in re.split(r"^@@.*\n", body, flags=re.MULTILINE)[1:]:
            _change(path, hunk.splitlines())


def _change(path: Path, hunk: list[str]) -> None:
    """Replace the lines without ``+`` by those without ``-``."""
    old = "".join(f"{line[1:]}\n" for line in hunk if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in hunk if not line.startswith("-"))
    text = path.read_text("utf-8") if path.exists() else ""
    if not old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + new, "utf-8")
        return
    found = f"\n{text}".count(f"\n{old}")
    if found != 1:
        raise ValueError(f"{path.name} has these lines {found} times:\n{old}")
    path.write_text(f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:], "utf-8")


def run(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of ``sh`` in a copy of the tree, whose own modules are imported."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    environment["PYTHONPATH"] = f"{root}{os.pathsep}{root / 'gen'}"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
