"""Migrations make exactly the tables that the code expects, whole or not at all, on both
databases.
"""

from typing import Any

import pytest
from alembic import op
from sqlalchemy import Engine, inspect

from cli.stack.plan import SERVICES
from kernel.eventsourcing.identities import SERVICE, OtherIdentity, bind
from kernel.eventsourcing.migrate import differences, migrate
from kernel.eventsourcing.service_model import Model
from kernel.storage.engines import open_engine
from tests.support.models import MODELS


def model_of(service: str) -> Model:
    """Return a service's model."""
    model: Model = MODELS[service]
    return model


def tables_in(engine: Engine, schema: str) -> set[str]:
    """List the tables that the database has for a service."""
    inside = schema if engine.dialect.name == "postgresql" else None
    return set(inspect(engine).get_table_names(schema=inside))


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_make_the_tables_of_the_code(service: str, database_url: str) -> None:
    """After all migrations the schema and the code agree, and migrating again changes nothing."""
    model = model_of(service)
    engine = open_engine(database_url, service)

    migrate(engine, model)
    migrate(engine, model)

    assert differences(engine, model) == []
    assert {t.name for t in model.tables.metadata.sorted_tables} < tables_in(engine, service)
    engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_an_interrupted_migration_leaves_nothing(
    service: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that stops half-way leaves the schema as it was, and completes when run again."""
    model = model_of(service)
    engine = open_engine(database_url, service)
    real = op.create_table
    made: list[str] = []

    def fail_at_the_third(name: str, *arguments: Any, **options: Any) -> object:
        if len(made) == 2:
            raise RuntimeError("the power went out")
        made.append(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(op, "create_table", fail_at_the_third)
    with pytest.raises(RuntimeError, match="power"):
        migrate(engine, model)
    assert len(made) == 2
    assert set() == tables_in(engine, service)

    monkeypatch.undo()
    migrate(engine, model)

    assert differences(engine, model) == []
    engine.dispose()


def test_a_database_of_another_service_is_refused_by_name(database_url: str) -> None:
    """Its file was put in the wrong place: to make it anew would throw that service's rows away."""
    intake, routing = model_of("intake"), model_of("routing")
    engine = open_engine(database_url, "intake")
    migrate(engine, intake)
    bind(engine, intake.tables, SERVICE, "intake")
    migrate(engine, intake)
    with pytest.raises(OtherIdentity, match="belongs to service intake, not to routing"):
        migrate(engine, routing)
    engine.dispose()
