"""What a service's database belongs to: a database is never used with another keyring or an older
copy of it, nor by another service.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Engine, inspect, select

from kernel.crypto.keyring import Keyring, is_there
from kernel.eventsourcing.envelope import payload_of
from kernel.storage.kernel_tables import KernelTables

KEYRING: Final = "keyring"
SERVICE: Final = "service"
LOOKED_AT: Final = 1_000
"""The newest events among which one with sealed data is looked for."""


class OtherIdentity(ValueError):
    """The database was used with another one before; ``name`` says another what."""

    def __init__(self, name: str, known: str, given: str) -> None:
        super().__init__(f"this database belongs to {name} {known}, not to {given}")
        self.name = name


class OlderKeyring(ValueError):
    """The keyring lacks a key by which data in the database was sealed."""


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


def require_keyring(engine: Engine, tables: KernelTables, keys: Engine) -> None:
    """Raise ``OtherIdentity`` when a database belongs to a keyring and ``keys``, an engine that
    only reads, finds none.
    """
    table = tables.identities
    with engine.connect() as connection:
        known = connection.execute(table.select().where(table.c.name == KEYRING)).first()
    if known is not None and not is_there(keys):
        raise OtherIdentity(KEYRING, known.value, "an empty one")


def require_service(connection: Connection, tables: KernelTables, service: str) -> None:
    """Raise ``OtherIdentity`` when a database, which may be empty, belongs to another service."""
    table = tables.identities
    if not inspect(connection).has_table(table.name):
        return
    found = connection.execute(table.select().where(table.c.name == SERVICE)).first()
    if found is not None and found.value != service:
        raise OtherIdentity(SERVICE, found.value, service)


def require_keys(engine: Engine, tables: KernelTables, keyring: Keyring) -> None:
    """Raise ``OlderKeyring`` when the keyring has never had the key of the newest sealed data among
    the service's own events. A key is saved before the event, so the keyring is an older copy.
    """
    events = tables.events.c
    newest = select(events.body).order_by(events.event_id.desc()).limit(LOOKED_AT)
    with engine.connect() as connection:
        payloads = (payload_of(Event.FromString(b)) for b in connection.execute(newest).scalars())
        sealed = chain.from_iterable(_sealed(each) for each in payloads if each is not None)
        found = next(sealed, None)
    if found is not None and not keyring.knows(found.key_id):
        raise OlderKeyring(f"this keyring lacks key {found.key_id}: it is an older copy")


def _sealed(message: Message) -> Iterator[SealedData]:
    if isinstance(message, SealedData):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        values: Any = value if field.is_repeated else [value]
        for each in values:
            yield from _sealed(each)
