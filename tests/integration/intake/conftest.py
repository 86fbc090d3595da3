"""The desk for one test module, and on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.support.desk import Desk, open_desk


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk on SQLite that the tests of a module share; each uses dossiers of its own."""
    folder: Path = tmp_path_factory.mktemp("desk")
    with open_desk(f"sqlite:///{folder}/intake.db", f"sqlite:///{folder}/keys.db") as found:
        yield found


@pytest.fixture
def any_desk(new_database: NewDatabase) -> Iterator[Desk]:
    """A fresh desk; the test runs on SQLite and on PostgreSQL."""
    with open_desk(new_database("intake"), new_database("keys")) as found:
        yield found
