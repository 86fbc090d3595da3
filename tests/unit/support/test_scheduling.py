"""Which tests begin first, and which stay together."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.scheduling import FileScheduling, slow_first


def item(path: str, *, slow: bool = False) -> pytest.Item:
    """Return what stands for a test of a file."""

    def marker(name: str) -> object:
        return name if slow and name == "slow" else None

    return cast(pytest.Item, SimpleNamespace(path=Path(path), get_closest_marker=marker))


def test_files_with_a_slow_test_begin() -> None:
    """The longest first; whole files, then by folder; tests of a file keep their order."""
    tests = [
        item("/x/tests/unit/a.py"),
        item("/x/tests/integration/b.py"),
        item("/x/tests/unit/c.py"),
        item("/x/tests/unit/c.py", slow=True),
        item("/x/tests/faults/d.py", slow=True),
        item("/x/tests/contract/unit.py"),
        item("/x/tests/e2e/shared_stack/e.py"),
        item("/x/tests/e2e/test_municipality.py", slow=True),
    ]
    found = slow_first(tests)
    assert [tests.index(each) for each in found] == [7, 6, 4, 2, 3, 1, 5, 0]


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/unit/a.py::test_x[a::b]", "tests/unit/a.py"),
        ("tests/faults/test_y.py::TestZ::test_y", "tests/faults/test_y.py"),
        ("tests/e2e/shared_stack/test_y.py::test_y", "tests/e2e/shared_stack"),
    ],
)
def test_what_shares_fixtures_stays_together(nodeid: str, scope: str) -> None:
    """Their fixtures are made once."""
    split: Any = FileScheduling._split_scope
    assert split(None, nodeid) == scope
