"""The generation of a service's tables: another one after each rebuild.

A rebuild fills tables beside those in use and puts them in their place at once. Every transaction
of a writer begins with reading the generation. That tells it whether the tables are still those of
which it remembers something; and on PostgreSQL it keeps them where they are until it ends, since
they are only replaced by who has ``identities`` for itself.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Table

from kernel.storage.compiled_statements import select_of

GENERATION: Final = "generation"
"""Its name in the table ``identities``; tables that no rebuild has made have none."""


def generation_of(connection: Connection, identities: Table) -> str:
    """Return the generation of the tables that a connection sees; empty when they have none."""
    statement = select_of(identities, connection.dialect)
    found = connection.exec_driver_sql(statement.sql, statement.one({"name": GENERATION})).first()
    return "" if found is None else str(found.value)
