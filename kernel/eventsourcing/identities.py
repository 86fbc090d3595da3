"""What a service's database belongs to: a database is never used with another keyring."""

from __future__ import annotations

from sqlalchemy import Engine

from kernel.storage.kernel_tables import KernelTables

KEYRING = "keyring"


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
