"""Alembic's entry: works on what ``kernel.eventsourcing.migrate`` gives it."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import BigInteger


def write_big(kind: str, found: Any, autogenerate: Any) -> str | Literal[False]:
    """Write the one type of ours by its name into a new revision; others as Alembic does."""
    if kind != "type" or not isinstance(found, BigInteger):
        return False
    autogenerate.imports.add("from kernel.storage.kernel_tables import BIG")
    return "BIG"


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
    compare_type=True,
    render_item=write_big,
)
with context.begin_transaction():
    context.run_migrations()
