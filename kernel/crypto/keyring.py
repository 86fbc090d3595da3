"""Keys of personal data, and the sealing and opening of it (AES-256-GCM).

A dossier's data is encrypted with keys of its own, which lie in a database of their own, wrapped by
the master key (RFC 3394). Destroying them makes the data unreadable wherever it has been copied,
and leaves every event as it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import uuid_utils
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import SealedData
from sqlalchemy import Column, Engine, LargeBinary, MetaData, String, Table

from kernel.storage.engines import wait_turn

ERASED = "đã xóa"
"""What is shown in place of personal data whose key is gone."""

_METADATA = MetaData()
_KEYS = Table(
    "keys",
    _METADATA,
    Column("key_id", String, primary_key=True),
    Column("dossier_code", String, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_CACHE = 10_000


class WrongMasterKey(ValueError):
    """The keys that are there were wrapped by another master key."""


class Tampered(Exception):
    """Sealed data does not belong where it stands, or was changed."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that has been made but perhaps not yet saved."""

    key_id: str
    dossier_code: str
    secret: bytes

    def seal(self, field: str, clear: Message) -> SealedData:
        """Encrypt a message for one field of this key's dossier; it opens nowhere else."""
        nonce = os.urandom(12)
        text = AESGCM(self.secret).encrypt(
            nonce, clear.SerializeToString(), _place(self.dossier_code, field)
        )
        return SealedData(key_id=self.key_id, nonce=nonce, ciphertext=text)


class Keyring:
    """The keys of all dossiers. Safe to use from several threads."""

    def __init__(self, engine: Engine, master: bytes, reads: Engine | None = None) -> None:
        """``master`` is 32 bytes; raise ``ValueError`` for another length, and ``WrongMasterKey``
        when it does not unwrap the keys that are there: new ones must not join them.

        ``reads`` is a read-only engine on the same database: without one, a reader waits for
        writers.
        """
        if len(master) != 32:
            raise ValueError("MOTCUA_MASTER_KEY: must be 32 bytes")
        self._engine = engine
        self._reads = reads or engine
        self._master = master
        self._known: dict[str, bytes] = {}
        self._lock = threading.Lock()
        with engine.begin() as connection:
            wait_turn(connection)
            _METADATA.create_all(connection)
            first = connection.execute(_KEYS.select().limit(1)).first()
        if first is not None:
            self._prove(first.wrapped)

    def _prove(self, wrapped: bytes) -> None:
        try:
            aes_key_unwrap(self._master, wrapped)
        except InvalidUnwrap:
            raise WrongMasterKey(
                "MOTCUA_MASTER_KEY: is not the key that the keys of personal data were wrapped by"
            ) from None

    def new_key(self, code: str) -> NewKey:
        """Make a key for a dossier. It counts only once it has been saved."""
        return NewKey(f"{code}/{uuid_utils.uuid7()}", code, os.urandom(32))

    def save(self, keys: Sequence[NewKey]) -> None:
        """Keep keys for good, in one transaction."""
        rows = [
            {
                "key_id": k.key_id,
                "dossier_code": k.dossier_code,
                "wrapped": aes_key_wrap(self._master, k.secret),
            }
            for k in keys
        ]
        with self._engine.begin() as connection:
            connection.execute(_KEYS.insert(), rows)

    def open(self, code: str, field: str, sealed: SealedData, into: Message) -> bool:
        """Decrypt into ``into``; False when the key was destroyed. Raise ``Tampered`` when it does
        not belong here.
        """
        secret = self._secret(sealed.key_id)
        if secret is None:
            return False
        try:
            clear = AESGCM(secret).decrypt(sealed.nonce, sealed.ciphertext, _place(code, field))
        except InvalidTag as fault:
            raise Tampered(f"sealed field {field} of {code}") from fault
        into.ParseFromString(clear)
        return True

    def destroy(self, code: str) -> int:
        """Destroy every key of a dossier, for good; gives their number."""
        with self._engine.begin() as connection:
            gone = connection.execute(_KEYS.delete().where(_KEYS.c.dossier_code == code)).rowcount
        with self._lock:
            self._known.clear()
        return gone

    def _secret(self, key_id: str) -> bytes | None:
        with self._lock:
            known = self._known.get(key_id)
        if known is not None:
            return known
        with self._reads.connect() as connection:
            found = connection.execute(_KEYS.select().where(_KEYS.c.key_id == key_id)).first()
        if found is None:
            return None
        secret = aes_key_unwrap(self._master, found.wrapped)
        with self._lock:
            if len(self._known) >= _CACHE:
                self._known.clear()
            self._known[key_id] = secret
        return secret


def _place(code: str, field: str) -> bytes:
    return f"{code}|{field}".encode()
