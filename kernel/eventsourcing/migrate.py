"""Migrations: a service's schema brought to the revision that its code expects, at once or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, inspect, text

from kernel.eventsourcing.identities import require_service
from kernel.eventsourcing.service_model import Model
from kernel.storage.engines import lock_schema
from kernel.storage.schema_check import schema_differences

if TYPE_CHECKING:  # else imported late: a service whose schema is up to date stays small without
    from alembic.config import Config

_KERNEL = Path(__file__).parents[1]


FILLED: Final = "filled"
"""What a revision after the first says in ``old_rows`` when it leaves the rows of the past as a
rebuild would make them."""
REBUILD: Final = "rebuild"
"""What it says when only a rebuild can do that: a database from before is not migrated."""


class SchemaError(Exception):
    """A database is not what the code expects, and no revision makes it so."""

    def __init__(self, service: str, lines: Sequence[str]) -> None:
        more = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
        super().__init__(
            f"the database was made by another version of {service}: {'; '.join(lines[:3])}{more}. "
            f"To make it anew from the log: motcua rebuild {service}"
        )


def migrate(engine: Engine, model: Model) -> bool:
    """Bring the schema up to date and say whether that changed it. Interrupted, it leaves the
    schema as it was; run twice, it changes nothing.

    Processes that start together wait for one another. Raise ``OtherIdentity`` when the database is
    that of another service, ``RuntimeError`` when the revisions
    don't lead to the last one, and ``SchemaError`` when the schema has the last revision and is not
    what the code expects, or a revision on the way to it needs a rebuild.
    """
    with engine.begin() as connection:
        lock_schema(connection)
        require_service(connection, model.tables, model.source)
        head = _head(model)
        if (present := _revision(connection)) == head:
            if lines := schema_differences(connection, model.tables.metadata):
                raise SchemaError(model.source, lines)
            return False
        from alembic import command

        config = alembic_config(model, connection)
        if present is not None and (lines := _need_a_rebuild(config, present)):
            raise SchemaError(model.source, lines)
        command.upgrade(config, "head")
        if (reached := _revision(connection)) != head:
            raise RuntimeError(f"the revisions of {model.source} end at {reached}, not at {head}")
        return True


def _need_a_rebuild(config: Config, present: str) -> list[str]:
    """Return which revisions after the present one leave old rows other than a rebuild would."""
    from alembic.script import ScriptDirectory

    later = ScriptDirectory.from_config(config).iterate_revisions("head", present)
    return [f"revision {r.revision} fills no old rows" for r in later if old_rows(r) == REBUILD]


def old_rows(revision: Any) -> str:
    """Return what a revision says that it does to the rows of the past; empty when it does not."""
    return str(getattr(revision.module, "old_rows", ""))


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


def _head(model: Model) -> str:
    """Return the last revision by its number: revisions are one line without branches."""
    return max(path.stem[:4] for path in _folder(model).glob("[0-9]*.py"))


def _folder(model: Model) -> Path:
    if model.migrations is None:
        raise ValueError(f"{model.source} has no folder of migrations")
    return model.migrations


def alembic_config(model: Model, connection: Connection) -> Config:
    """Return Alembic's configuration for one service, working on a connection that is open."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_KERNEL / "migrations"))
    config.set_main_option("version_locations", str(_folder(model)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = model.tables.metadata
    return config
