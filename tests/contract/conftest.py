"""Fixtures that contracts of several services share, and which tests need both databases."""

from collections.abc import Iterator

import pytest

from tests.support.databases import NewDatabase
from tests.support.departments import Departments
from tests.support.fixtures import any_log

__all__ = ["any_log"]

SQLITE_ALONE = frozenset(
    {
        "tests.contract.notify.test_sender",
        "tests.contract.routing.test_absences_ended",
        "tests.contract.routing.test_escalation_recipients",
        "tests.contract.routing.test_held_timers",
        "tests.contract.routing.test_questions_due",
        "tests.contract.routing.test_recalculated_suspensions",
        "tests.contract.routing.test_results",
        "tests.contract.routing.test_rights",
        "tests.contract.routing.test_supplement_limits",
        "tests.contract.routing.test_suspensions",
        "tests.contract.routing.test_withdrawals",
        "tests.contract.routing.test_wrong_fields",
    }
)
"""Modules that send no statement that tests of other modules do not send to PostgreSQL as well
(compared by their texts, with a listener on ``before_cursor_execute``), and that are about neither
locks, isolation, types nor migrations: they run on SQLite alone.
"""


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database."""
    made = Departments(new_database("routing"))
    yield made
    made.close()


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leave PostgreSQL out where it proves nothing more."""
    if metafunc.module.__name__ in SQLITE_ALONE and "new_database" in metafunc.fixturenames:
        sqlite = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
        metafunc.definition.add_marker(sqlite)  # takes the place of the fixture's own parameters
