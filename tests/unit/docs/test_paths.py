"""Every file and folder that the documentation names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import recipes
from tests.support.paths import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")]
)
ROOMS = (
    *("kernel", "office", "services", "cli", "demo", "partner_sim", "infra", "tools", "tests"),
    *("protos", "docs", "examples", "benchmarks"),
)
NAMED = re.compile(rf"(?<![\w./<>-])((?:{'|'.join(ROOMS)})/[\w./*<>-]*)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#([^)\s]*))?\)|\]\(#([^)\s]*)\)")
BLOCK = re.compile(r"^```diff$.*?^```$", re.MULTILINE | re.DOTALL)


def _text(page: str) -> str:
    """Return a page without the changes that it proposes."""
    return BLOCK.sub("", (ROOT / page).read_text("utf-8"))


def _made() -> set[str]:
    """List the files that the worked examples add."""
    pages = [page.stem for page in recipes.RECIPES.glob("*.md")]
    diffs = "".join(diff for page in pages for diff in recipes.blocks(page, "diff"))
    return set(re.findall(r"^\+\+\+ (\S+)$", diffs, re.MULTILINE))


def _anchors(path: Path) -> set[str]:
    """List the headings of a page as links name them."""
    heads = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])
def test_named_paths_exist(page: str) -> None:
    """Paths from the top of the tree; ``<service>`` and ``*`` stand for at least one.

    The changelog alone may name what is no more.
    """
    made = _made() if page.startswith("docs/recipes/") else set()
    for name in NAMED.findall(_text(page)):
        pattern = re.sub(r"<\w+>", "*", name.rstrip("."))
        assert pattern in made or any(ROOT.glob(pattern.rstrip("/"))), (page, name)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """To a file beside the page, and to a heading of it."""
    for name, anchor, own in LINK.findall(_text(page)):
        if "://" in name:
            continue
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), (page, name)
        if anchor or own:
            assert (anchor or own) in _anchors(target), (page, name, anchor or own)
