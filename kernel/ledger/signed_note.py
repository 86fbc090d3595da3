"""Notes signed with Ed25519, in the form of C2SP signed-note: text, a blank line, signatures. Pure.

A key has a name, and an id made of name, kind and public key. Text is believed only after ``open``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
MAX_BYTES: Final = 64 * 1024
"""The longest note that is read."""
_ID_SIZE: Final = 4
_KEY_SIZE: Final = 32
_DASH: Final = "\u2014"
_NAME: Final = re.compile(r"[^\s+]+")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """A note, or a key, is not in its form, or a signature is not that of its key."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; nothing is believed of it."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """Return the line in a note."""
        return f"{_DASH} {self.name} {base64.b64encode(self.key_id + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures beside it."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        return self.text + "\n" + "".join(each.line for each in self.signatures)

    def with_signatures(self, added: Sequence[Signature]) -> Note:
        """Return the note with further signatures, each key's once."""
        known = {(each.name, each.key_id): each for each in (*self.signatures, *added)}
        return Note(self.text, tuple(known.values()))


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What signatures are checked with. ``kind`` is ``ED25519`` or ``COSIGNATURE``."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadNote("a key's name has a space or a plus sign, or is empty")
        if len(self.public) != _KEY_SIZE or self.kind not in (ED25519, COSIGNATURE):
            raise BadNote("not an Ed25519 key")

    @property
    def key_id(self) -> bytes:
        """Return the first bytes of a hash that names the key."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(named).digest()[:_ID_SIZE]

    def __str__(self) -> str:
        """Return the key as C2SP writes it (vkey)."""
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Return whether a signature is this key's, of a message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def parse_key(text: str) -> VerifierKey:
    """Return the key in a text (vkey); raise ``BadNote`` when it is none."""
    name, _, rest = text.partition("+")
    key_id, _, material = rest.partition("+")
    data = _decoded(material)
    if len(data) != 1 + _KEY_SIZE:
        raise BadNote("not an Ed25519 key")
    key = VerifierKey(name, data[1:], data[0])
    if str(key) != text or key.key_id.hex() != key_id:
        raise BadNote("the key's id is not that of the key")
    return key


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private key and the name under which it signs."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """Return what its signatures are checked with."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, public.public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Return the signature of a note's text."""
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return Signature(self.name, self.verifier.key_id, value)


def sign(text: str, keys: Sequence[SignerKey]) -> Note:
    """Return a note signed by keys; raise ``BadNote`` for a text that a note can't have."""
    _check_text(text)
    return Note(text, tuple(key.sign(text) for key in keys))


def parse(text: str) -> Note:
    """Return a note whose signatures nobody has checked; raise ``BadNote``."""
    if len(text.encode()) > MAX_BYTES:
        raise BadNote("a note is too long")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise BadNote("a note has a text, a blank line and signatures")
    _check_text(body + "\n")
    return Note(body + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))


def verified(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Return those of some keys that have signed a note's text; unknown signatures are ignored.

    Raise ``BadNote`` for a signature that claims to be one key's and is not. Cosignatures are
    checked by ``cosignature``.
    """
    found = []
    for key in keys:
        for each in note.signatures:
            if (each.name, each.key_id) == (key.name, key.key_id):
                if not key.verifies(note.text.encode(), each.value):
                    raise BadNote(f"the signature of {key.name} is not of this text")
                found.append(key)
                break
    return found


def open_note(text: str, keys: Sequence[VerifierKey]) -> Note:
    """Return a note that one of some keys has signed; raise ``BadNote`` when none has."""
    note = parse(text)
    if not verified(note, keys):
        raise BadNote("no known key has signed the note")
    return note


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise BadNote("a note's text ends with a newline and has no other control character")


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    data = _decoded(encoded)
    if dash != _DASH or not _NAME.fullmatch(name) or len(data) <= _ID_SIZE:
        raise BadNote("not a line of a signature")
    return Signature(name, data[:_ID_SIZE], data[_ID_SIZE:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not Base64") from None
