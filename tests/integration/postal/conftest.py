"""A served postal office on SQLite; what differs between databases is in the contract tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.postal_office import PostalOffice
from tests.support.postal_service import Serving

Serve = Callable[..., Serving]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(**settings)`: one more server, all on the same office."""
    office = PostalOffice(
        f"sqlite:///{tmp_path / 'postal.sqlite3'}", f"sqlite:///{tmp_path / 'keys.sqlite3'}"
    )
    made: list[Serving] = []

    def make(**settings: Any) -> Serving:
        made.append(Serving(office, **settings))
        return made[-1]

    yield make
    for serving in made:
        serving.stop()
    office.close()


@pytest.fixture
def serving(serve: Serve) -> Serving:
    """One served postal office."""
    return serve()
