"""The keyring: encrypts and decrypts personal data (AES-256-GCM) with keys that can be destroyed.

The data of a stream is encrypted with keys of its own. They lie in a database of their own, wrapped
by the master key (RFC 3394). Destroying them makes the data unreadable wherever it has been copied,
and leaves every event as it was.
"""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uuid_utils
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    String,
    Table,
    inspect,
    select,
)

from kernel.base.errors import Unavailable
from kernel.messages.texts import TEXTS
from kernel.storage.engines import lock_schema

ERASED = "đã xóa"
"""The text in place of personal data whose key is destroyed."""

_METADATA = MetaData()
_KEYS = Table(
    "keys",
    _METADATA,
    Column("key_id", String, primary_key=True),
    Column("stream_id", String, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_DESTROYED = Table("destroyed", _METADATA, Column("key_id", String, primary_key=True))
"""The keys that were destroyed: one that is in neither table was never here."""
_IDENTITY = Table("keyring", _METADATA, Column("keyring_id", String, primary_key=True))
_CACHE = 10_000
FRESH_SECONDS = 5.0
"""How long a key that was read is used without another look: a key that another process destroys
is gone everywhere after this.
"""


class WrongMasterKey(ValueError):
    """The keys in the database were wrapped by another master key."""


class WrongKeyring(Unavailable):
    """Data was sealed by a key that was never in the keyring that is there: it is another one, or
    an older copy.
    """

    def __init__(self) -> None:
        super().__init__(*TEXTS.both("keyring.other"))


class Tampered(Exception):
    """Sealed data belongs to another field or stream, or was changed."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that may not yet have been saved."""

    key_id: str
    stream_id: str
    secret: bytes
    keyring_id: str

    def seal(self, field: str, clear: Message) -> SealedData:
        """Encrypt a message for one field of this key's stream; it can't be opened elsewhere."""
        nonce = os.urandom(12)
        text = AESGCM(self.secret).encrypt(
            nonce, clear.SerializeToString(), _associated_data(self.stream_id, field)
        )
        return SealedData(
            key_id=self.key_id, nonce=nonce, ciphertext=text, keyring_id=self.keyring_id
        )


def is_there(engine: Engine) -> bool:
    """Return whether a database, which is only read, holds a keyring."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    if file is not None and not Path(file).exists():
        return False
    return inspect(engine).has_table(_IDENTITY.name)


class Keyring:
    """The keys of all streams. Thread-safe."""

    def __init__(self, engine: Engine, master: bytes, reads: Engine | None = None) -> None:
        """``master`` is 32 bytes; raise ``ValueError`` for another length, and ``WrongMasterKey``
        when it does not unwrap the keys in the database.

        ``reads`` is a read-only engine on the same database: without one, a reader waits for
        writers.
        """
        if len(master) != 32:
            raise ValueError("MOTCUA_MASTER_KEY: must be 32 bytes")
        self._engine = engine
        self._reads = reads or engine
        self._master = master
        self._digest_key = hmac.digest(master, b"digests of requests", "sha256")
        self._known: dict[str, tuple[bytes, float]] = {}
        self._lock = threading.Lock()
        with engine.begin() as connection:
            lock_schema(connection)
            _METADATA.create_all(connection)
            self.keyring_id = _identity(connection)
            """Identifies this keyring, as long as it exists."""
            first = connection.execute(_KEYS.select().limit(1)).first()
        if first is not None:
            self._check_master(first.wrapped)

    def _check_master(self, wrapped: bytes) -> None:
        try:
            aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            raise WrongMasterKey(
                "MOTCUA_MASTER_KEY: is not the key that the keys of personal data were wrapped by"
            ) from None

    def new_key(self, stream_id: str) -> NewKey:
        """Return a new key for a stream; what it seals can be opened only once it is saved."""
        key_id = f"{stream_id}/{uuid_utils.uuid7()}"
        return NewKey(key_id, stream_id, os.urandom(32), self.keyring_id)

    def save(self, keys: Sequence[NewKey]) -> None:
        """Save keys in one transaction; blocks until they are durable."""
        rows = [
            {
                "key_id": k.key_id,
                "stream_id": k.stream_id,
                "wrapped": aes_key_wrap(self._master, k.secret),
            }
            for k in keys
        ]
        with self._engine.begin() as connection:
            connection.execute(_KEYS.insert(), rows)

    def open(self, stream_id: str, field: str, sealed: SealedData, into: Message) -> bool:
        """Decrypt into ``into``; return False when the key was destroyed, by whichever process,
        ``FRESH_SECONDS`` ago or more.

        Raise ``Tampered`` when the data was sealed for another field or stream, and
        ``WrongKeyring`` when its key was never in this keyring.
        """
        secret = self._secret(sealed.key_id)
        if secret is None:
            if not self._was_destroyed(sealed.key_id):
                raise WrongKeyring
            return False
        try:
            clear = AESGCM(secret).decrypt(
                sealed.nonce, sealed.ciphertext, _associated_data(stream_id, field)
            )
        except InvalidTag as fault:
            raise Tampered(f"sealed field {field} of {stream_id}") from fault
        into.ParseFromString(clear)
        return True

    def knows(self, key_id: str) -> bool:
        """Return whether a key is here, or was destroyed here."""
        return self._secret(key_id) is not None or self._was_destroyed(key_id)

    def destroy(self, stream_id: str) -> int:
        """Destroy every key of a stream and return their number; it can't be undone."""
        mine = _KEYS.c.stream_id == stream_id
        with self._engine.begin() as connection:
            names = select(_KEYS.c.key_id).where(mine)
            connection.execute(_DESTROYED.insert().from_select(["key_id"], names))
            gone = connection.execute(_KEYS.delete().where(mine)).rowcount
        with self._lock:
            self._known.clear()
        return gone

    def digest(self, data: bytes) -> bytes:
        """Return a digest of 32 bytes that only who has the master key can make: it tells whether
        data is the same, and does not help to guess it.
        """
        return hmac.digest(self._digest_key, data, "sha256")

    def _was_destroyed(self, key_id: str) -> bool:
        with self._reads.connect() as connection:
            named = _DESTROYED.select().where(_DESTROYED.c.key_id == key_id)
            return connection.execute(named).first() is not None

    def _secret(self, key_id: str) -> bytes | None:
        now = time.monotonic()
        with self._lock:
            known = self._known.get(key_id)
        if known is not None and now - known[1] < FRESH_SECONDS:
            return known[0]
        with self._reads.connect() as connection:
            found = connection.execute(_KEYS.select().where(_KEYS.c.key_id == key_id)).first()
        secret = None if found is None else aes_key_unwrap(self._master, found.wrapped)
        with self._lock:
            if secret is None:
                self._known.pop(key_id, None)
            else:
                if len(self._known) >= _CACHE:
                    self._known.clear()
                self._known[key_id] = secret, now
        return secret


def _identity(connection: Connection) -> str:
    """Return the identity of the keyring in a database, which gets one with its tables."""
    found = connection.execute(_IDENTITY.select()).first()
    if found is not None:
        return str(found.keyring_id)
    made = str(uuid_utils.uuid7())
    connection.execute(_IDENTITY.insert(), {"keyring_id": made})
    return made


def _associated_data(stream_id: str, field: str) -> bytes:
    return f"{stream_id}|{field}".encode()
