"""Checkpoints in the form of C2SP tlog-checkpoint: a tree's origin, its size, its root. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kernel.ledger.merkle import HASH_SIZE
from kernel.ledger.signed_note import BadNote, Note, parse

_LINES: Final = 3
_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def checkpoint_of(note: Note) -> Checkpoint:
    """Return the checkpoint in a note's text; raise ``BadNote`` when it is none. Whoever has signed
    it is the caller's matter.
    """
    lines = note.text.split("\n")[:-1]
    if len(lines) < _LINES or not all(lines):
        raise BadNote("a checkpoint has three lines or more, none of them empty")
    origin, size, encoded = lines[:_LINES]
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("a checkpoint's root is not Base64") from None
    canonical = size.isascii() and size.isdigit() and str(int(size[:20])) == size
    if not canonical or int(size) > _MOST or len(root) != HASH_SIZE:
        raise BadNote("a checkpoint's size or root is not in its form")
    return Checkpoint(origin, int(size), root)


def join(notes: Iterable[Note]) -> str:
    """Return notes as one text, with a blank line between."""
    return "\n".join(str(note) for note in notes)


def split(text: str) -> list[Note]:
    """Return the notes in a text; raise ``BadNote`` when it is none of notes of checkpoints."""
    parts = text.replace("\r\n", "\n").strip("\n").split("\n\n")
    if len(parts) % 2:
        raise BadNote("a note has a text, a blank line and signatures")
    notes = [parse(f"{a}\n\n{b}\n") for a, b in zip(parts[::2], parts[1::2], strict=True)]
    for note in notes:
        checkpoint_of(note)
    return notes
