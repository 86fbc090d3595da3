"""Migrations: brings a service's schema to the revision that its code expects, in one transaction.

    python -m services.kernel.migrate SERVICE "what changes"

writes the next revision from the difference between the tables in the code and the revisions there
are.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect, text

from services.kernel.database import open_engine, wait_turn
from services.kernel.model import Model

if TYPE_CHECKING:  # else imported late: a service whose schema is up to date stays small without
    from alembic.config import Config

_HERE = Path(__file__).parent


def migrate(engine: Engine, model: Model) -> bool:
    """Bring the schema up to date and say whether that changed it. Interrupted, it leaves the
    schema as it was; run twice, it changes nothing.

    Processes that start together wait for one another. Raises ``RuntimeError`` when the revisions
    don't lead to the last one.
    """
    with engine.begin() as connection:
        wait_turn(connection)
        head = _head(model.source)
        if _revision(connection) == head:
            return False
        from alembic import command

        command.upgrade(_config(model, connection), "head")
        if (reached := _revision(connection)) != head:
            raise RuntimeError(f"the revisions of {model.source} end at {reached}, not at {head}")
        return True


def differences(engine: Engine, model: Model) -> list[Any]:
    """List how the database's schema differs from the tables in the code."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[Any] = compare_metadata(context, model.tables.metadata)
        return found


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("select version_num from alembic_version")).scalar()
    return found


def _head(service: str) -> str:
    """Give the last revision by its number: ``write_revision`` makes one line without branches."""
    return max(path.stem[:4] for path in _folder(service).glob("[0-9]*.py"))


def _folder(service: str) -> Path:
    return _HERE.parent / service / "migrations"


def _config(model: Model, connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    config.set_main_option("version_locations", str(_folder(model.source)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = model.tables.metadata
    return config


def write_revision(service: str, message: str) -> None:
    """Write the next revision of a service."""
    from alembic import command

    model: Model = importlib.import_module(f"services.{service}.main").MODEL
    folder = _folder(service)
    folder.mkdir(exist_ok=True)
    number = len(list(folder.glob("[0-9]*.py"))) + 1
    with tempfile.TemporaryDirectory() as scratch:
        engine = open_engine(f"sqlite:///{scratch}/scratch.sqlite3", service)
        with engine.begin() as connection:
            config = _config(model, connection)
            command.upgrade(config, "head")
            command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")


if __name__ == "__main__":
    write_revision(sys.argv[1], sys.argv[2])
