"""The desk for one test module, and on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk, open_desk
from tests.support.fixtures import any_desk

__all__ = ["any_desk", "desk"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk on SQLite that the tests of a module share; each uses dossiers of its own."""
    folder: Path = tmp_path_factory.mktemp("desk")
    with open_desk(f"sqlite:///{folder}/intake.db", f"sqlite:///{folder}/keys.db") as found:
        yield found
