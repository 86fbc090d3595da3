"""Cosignatures of witnesses in the form of C2SP tlog-cosignature: who saw a checkpoint, and when.
Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.ledger.signed_note import COSIGNATURE, BadNote, Note, Signature, VerifierKey

_TIME: Final = struct.Struct(">Q")
_MOST: Final = 2**63 - 1


class Cosigned(NamedTuple):
    """A witness that has cosigned, and when, in seconds since 1970."""

    key: VerifierKey
    at: int


@dataclass(frozen=True, slots=True)
class Witness:
    """A private key that cosigns under a name."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """Return what its cosignatures are checked with."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, public.public_bytes_raw(), COSIGNATURE)

    def cosign(self, text: str, at: int) -> Signature:
        """Return the cosignature of a checkpoint's text, as of a time in seconds since 1970."""
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_message(text, at))
        return Signature(self.name, self.verifier.key_id, _TIME.pack(at) + value)


def cosigned(note: Note, witnesses: Sequence[VerifierKey]) -> list[Cosigned]:
    """Return which of some witnesses have cosigned a note; unknown signatures are ignored.

    Raise ``BadNote`` for a cosignature that claims to be one witness's and is not.
    """
    found = []
    for key in witnesses:
        for each in note.signatures:
            if key.kind == COSIGNATURE and (each.name, each.key_id) == (key.name, key.key_id):
                found.append(Cosigned(key, _checked(note.text, each, key)))
                break
    return found


def _checked(text: str, signature: Signature, key: VerifierKey) -> int:
    if len(signature.value) > _TIME.size:
        (at,) = _TIME.unpack_from(signature.value)
        if at <= _MOST and key.verifies(_message(text, at), signature.value[_TIME.size :]):
            return int(at)
    raise BadNote(f"the cosignature of {key.name} is not of this text")


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
