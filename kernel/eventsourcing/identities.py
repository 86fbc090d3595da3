"""What a service's database belongs to: a database is never used with another keyring, nor by
another service.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect

from kernel.storage.kernel_tables import KernelTables

KEYRING = "keyring"
SERVICE = "service"


class OtherIdentity(ValueError):
    """The database was used with another one before; ``name`` says another what."""

    def __init__(self, name: str, known: str, given: str) -> None:
        super().__init__(f"this database belongs to {name} {known}, not to {given}")
        self.name = name


def bind(engine: Engine, tables: KernelTables, name: str, value: str) -> None:
    """Note what a database belongs to, the first time; raise ``OtherIdentity`` when it belongs to
    another one.
    """
    table = tables.identities
    with engine.begin() as connection:
        found = connection.execute(table.select().where(table.c.name == name)).first()
        if found is None:
            connection.execute(table.insert(), {"name": name, "value": value})
        elif found.value != value:
            raise OtherIdentity(name, found.value, value)


def require_service(connection: Connection, tables: KernelTables, service: str) -> None:
    """Raise ``OtherIdentity`` when a database, which may be empty, belongs to another service."""
    table = tables.identities
    if not inspect(connection).has_table(table.name):
        return
    found = connection.execute(table.select().where(table.c.name == SERVICE)).first()
    if found is not None and found.value != service:
        raise OtherIdentity(SERVICE, found.value, service)
