"""Which process of a session runs which tests, and when (pytest-xdist).

A file is run by one process, because its tests share fixtures; so is a folder whose files share a
stack. Slow files begin first, so that none is left alone at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

_SHARING: Final = "shared_stack"
"""The folder whose tests share one stack."""
_LONGEST: Final = ("test_municipality.py", "test_import.py", _SHARING)
"""Files and folders that run for a minute or more, the longest first."""
_FOLDERS: Final = ("faults", "integration", "contract", "unit", "architecture")
"""The folders of tests, those with the longest tests first."""


class FileScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Share out to each process whole files, or the folder that shares a stack, in the order in
    which they were collected.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = PurePosixPath(nodeid.split("::", 1)[0])
        return str(path.parent if path.parent.name == _SHARING else path)


def slow_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return tests in the order in which they are to begin: the longest files first, then those
    with a slow test, then by folder; within that the order stays.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}

    def place(item: pytest.Item) -> tuple[int, bool, int]:
        parts = item.path.parts
        return _first_of(_LONGEST, parts), item.path not in slow, _first_of(_FOLDERS, parts)

    return sorted(items, key=place)


def _first_of(names: Sequence[str], parts: Sequence[str]) -> int:
    """Return the place of the first name that is part of a path; behind all of them, if none is."""
    return next((place for place, name in enumerate(names) if name in parts), len(names))
