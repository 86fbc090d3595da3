"""Which process of a session runs which tests, and when (pytest-xdist).

A file is run by one process, because its tests share fixtures. Slow files begin first, so that none
is left alone at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

_FOLDERS: Final = ("faults", "integration", "contract", "unit", "architecture")
"""The folders of tests, those with the longest tests first."""


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Share out to each process whole files, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return str(nodeid.split("::", 1)[0])


def slow_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return tests in the order in which they are to begin: files with a slow test first, then by
    folder; within that the order stays.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[bool, int]:
        folders = [part for part in item.path.parts if part in _FOLDERS]
        return item.path not in slow, _FOLDERS.index(folders[0]) if folders else len(_FOLDERS)

    return sorted(items, key=place)
