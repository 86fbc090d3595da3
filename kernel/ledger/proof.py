"""Proofs of entries in the form of C2SP tlog-proof: index, path, checkpoint in one text. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final

from kernel.ledger.signed_note import Note

HEADER: Final = "c2sp.org/tlog-proof@v1"


def proof_text(index: int, path: Sequence[bytes], note: Note) -> str:
    """Return the proof that an entry stands at an index of the tree that a note is about."""
    hashes = "".join(f"{base64.b64encode(each).decode()}\n" for each in path)
    return f"{HEADER}\nindex {index}\n{hashes}\n{note}"
