"""A postal office on each kind of database."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.postal_office import NewOffice, PostalOffice


@pytest.fixture
def new_office(new_database: Callable[..., str]) -> Iterator[NewOffice]:
    """Makes offices, each with a database of its own; all share one keyring."""
    keyring = new_database("keyring")
    made: list[PostalOffice] = []

    def make() -> PostalOffice:
        made.append(PostalOffice(new_database("postal"), keyring))
        return made[-1]

    yield make
    for office in made:
        office.close()


@pytest.fixture
def office(new_office: NewOffice) -> PostalOffice:
    """One postal office."""
    return new_office()
