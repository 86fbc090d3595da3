"""A service starts on the schema that its code expects, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from kernel.eventsourcing.migrate import SchemaError, migrate
from kernel.storage.engines import open_engine
from tests.support.databases import NewDatabase
from tests.support.models import ROUTING


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    """A database with routing's tables."""
    opened = open_engine(new_database("routing"), "routing")
    assert migrate(opened, ROUTING)
    yield opened
    opened.dispose()


def test_what_the_migrations_make_is_what_the_code_expects(engine: Engine) -> None:
    """On both kinds of database."""
    assert not migrate(engine, ROUTING)


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("drop table timers", "table timers is missing"),
        ("alter table cases drop column result_kind", "column cases.result_kind is missing"),
        (
            "alter table cases add column further text not null default ''",
            "column cases.further is not known",
        ),
    ],
)
def test_another_schema_under_the_same_revision_is_refused(
    engine: Engine, change: str, difference: str
) -> None:
    """It names what differs and the command that helps; before anything is read or written."""
    with engine.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(SchemaError, match=f"{difference}.* motcua rebuild routing"):
        migrate(engine, ROUTING)


def test_a_further_column_that_may_be_empty_does_no_harm(engine: Engine) -> None:
    """Such as one that an operator's own report needs."""
    with engine.begin() as connection:
        connection.execute(text("alter table cases add column further text"))
    assert not migrate(engine, ROUTING)
