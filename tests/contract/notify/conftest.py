"""Databases of notify of each kind."""

from collections.abc import Callable, Iterator

import pytest

from kernel.eventsourcing.record import Record
from tests.support.notify_store import NewStore, Store


@pytest.fixture
def new_store(new_database: Callable[..., str]) -> Iterator[NewStore]:
    """Makes stores, each with a database of its own or the one named; all share one keyring."""
    keyring = new_database("keyring")
    made: list[Store] = []

    def make(log: list[Record] | None = None, url: str = "") -> Store:
        made.append(Store(url or new_database("notify"), keyring, log))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(new_store: NewStore) -> Store:
    """One store."""
    return new_store()
