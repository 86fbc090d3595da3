"""Check a proof that `motcua proof CODE --output FILE` wrote, without the system that wrote it.

    python verify_proof.py FILE --checkpoint CHECKPOINT
    python verify_proof.py FILE --key KEY

This one file is the whole verifier: it needs Python 3.11 and the package `cryptography`, no network
and nothing of the project. It shows that each event in the file stands in the office's ledger at
the place that is named, unchanged, and that no event between the first and the last one of any
source is left out.

What is believed must come from somewhere else than the proof: a checkpoint that somebody kept or
that the office published (`motcua checkpoint --output CHECKPOINT`), or the office's public key.
With a checkpoint each proof must lead to just it: `motcua proof CODE --checkpoint CHECKPOINT` makes
one for an older checkpoint.

The forms are those of others: RFC 9162 (Merkle trees), C2SP signed-note, tlog-checkpoint and
tlog-proof. Exit status: 0 proven, 1 not proven, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "motcua-proof/1"
TLOG_PROOF = "c2sp.org/tlog-proof@v1"
ED25519 = 1
_STREAM_ID, _SOURCE, _SEQUENCE = 3, 4, 5


class NotProven(Exception):
    """The file proves nothing; the text says why."""


class Key(NamedTuple):
    """A public key, and the name under which it signs."""

    name: str
    key_id: bytes
    public: bytes


class Head(NamedTuple):
    """What a checkpoint says, and its text and signatures."""

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes], ...]


class Trust(NamedTuple):
    """What is believed: heads by their origin, and keys."""

    heads: Mapping[str, Sequence[Head]]
    keys: Sequence[Key]


def parse_key(text: str) -> Key:
    """Return a verifier key (C2SP signed-note)."""
    name, _, rest = text.strip().partition("+")
    _, _, material = rest.partition("+")
    data = _decoded(material, "a key")
    if len(data) != 33 or data[0] != ED25519:
        raise NotProven("a key is not of Ed25519")
    key_id = sha256(name.encode() + b"\n" + data).digest()[:4]
    if text.strip() != f"{name}+{key_id.hex()}+{material}":
        raise NotProven("a key's id is not that of the key")
    return Key(name, key_id, data[1:])


def parse_head(note: str) -> Head:
    """Return the checkpoint in a signed note."""
    body, blank, lines = note.rpartition("\n\n")
    texts = body.split("\n")
    if (
        not blank
        or len(texts) < 3
        or not all(texts)
        or not re.fullmatch(r"0|[1-9]\d{0,18}", texts[1])
    ):
        raise NotProven("a checkpoint is not in its form")
    signatures = []
    for line in lines.rstrip("\n").split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014" or not name:
            raise NotProven("a signature is not in its form")
        signatures.append((name, _decoded(encoded, "a signature")))
    root = _decoded(texts[2], "a root")
    return Head(texts[0], int(texts[1]), root, body + "\n", tuple(signatures))


def read_heads(text: str) -> dict[str, list[Head]]:
    """Return the checkpoints in a file, by origin."""
    parts = text.replace("\r\n", "\n").strip("\n").split("\n\n")
    if len(parts) % 2:
        raise NotProven("the file of checkpoints is not in its form")
    found: dict[str, list[Head]] = {}
    for body, lines in zip(parts[::2], parts[1::2], strict=True):
        head = parse_head(f"{body}\n\n{lines}\n")
        found.setdefault(head.origin, []).append(head)
    return found


def is_signed(head: Head, keys: Sequence[Key]) -> bool:
    """Return whether one of some keys has signed a checkpoint under its origin's name."""
    for name, data in head.signatures:
        for key in keys:
            if name == key.name == head.origin and data[:4] == key.key_id:
                try:
                    Ed25519PublicKey.from_public_bytes(key.public).verify(
                        data[4:], head.text.encode()
                    )
                except InvalidSignature:
                    raise NotProven(f"a signature of {name} is not of its checkpoint") from None
                return True
    return False


def root_of(event: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root to which the proof of an entry leads (RFC 9162, 2.1.3.2)."""
    if index >= size:
        return None
    position, last, found = index, size - 1, sha256(b"\x00" + event).digest()
    for each in path:
        if last == 0:
            return None
        if position % 2 or position == last:
            found = sha256(b"\x01" + each + found).digest()
            while position and not position % 2:
                position, last = position // 2, last // 2
        else:
            found = sha256(b"\x01" + found + each).digest()
        position, last = position // 2, last // 2
    return found if last == 0 else None


def verify(document: Any, trust: Trust) -> dict[str, Any]:
    """Return what a file of proofs shows; raise ``NotProven``."""
    try:
        entries = document["entries"]
        named, code = [parse_key(text) for text in document["keys"]], str(document["code"])
        if document["format"] != FORMAT or not entries:
            raise NotProven("the file is not one of proofs")
        heads: dict[str, Head] = {}
        numbers: dict[str, set[int]] = {}
        for entry in entries:
            event = _decoded(entry["event"], "an event")
            head = _check(event, entry, trust, named)
            heads[head.origin] = head
            fields = _fields(event)
            if fields.get(_STREAM_ID, b"") != code.encode():
                raise NotProven(f"an event at offset {entry['offset']} is not of {code}")
            source = bytes(fields.get(_SOURCE, b"")).decode()
            numbers.setdefault(source, set()).add(int(fields.get(_SEQUENCE, 0)))
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise NotProven("the file is not one of proofs") from error
    for source, seen in numbers.items():
        if missing := set(range(1, max(seen) + 1)) - seen:
            raise NotProven(f"events of {source} are left out: {min(missing)}")
    return {
        "code": code,
        "events": len(entries),
        "checkpoints": [
            {"origin": h.origin, "size": h.size, "root": base64.b64encode(h.root).decode()}
            for h in heads.values()
        ],
    }


def _check(event: bytes, entry: Any, trust: Trust, named: Sequence[Key]) -> Head:
    """Return the checkpoint by which an event is proven."""
    place = f"partition {entry['partition']}, offset {entry['offset']}"
    if not entry["proof"]:
        raise NotProven(f"no checkpoint covers the event at {place}")
    lines, _, note = entry["proof"].partition("\n\n")
    first, index, *hashes = lines.split("\n")
    if first != TLOG_PROOF or index != f"index {entry['offset']}":
        raise NotProven(f"the proof of {place} is not in its form")
    head = parse_head(note)
    if not head.origin.endswith(f"/{entry['partition']}"):
        raise NotProven(f"the proof of {place} is of another partition")
    path = [_decoded(line, "a hash") for line in hashes]
    if root_of(event, int(entry["offset"]), head.size, path) != head.root:
        raise NotProven(f"the event at {place} is not the one in the ledger")
    if trust.heads:
        kept = trust.heads.get(head.origin, ())
        if not any((each.size, each.root) == (head.size, head.root) for each in kept):
            raise NotProven(
                f"the proof of {place} is by another checkpoint than the one given: "
                "ask for one by it (motcua proof CODE --checkpoint FILE)"
            )
    if not is_signed(head, trust.keys or named):
        raise NotProven(f"no key that is believed has signed the checkpoint of {head.origin}")
    return head


def _fields(message: bytes) -> dict[int, Any]:
    """Return the texts and numbers of a protobuf message by their field's number."""
    return dict(_pairs(message))


def _pairs(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value: Any
            value, at = _varint(message, at)
        elif kind == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
            value, at = message[at : at + length], at + length
        else:
            raise NotProven("an event is not in its form")
        yield tag >> 3, value
    if at != len(message):
        raise NotProven("an event is not in its form")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
    raise NotProven("an event is not in its form")


def _decoded(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotProven(f"{what} is not Base64") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a file, print what came of it, and return the exit status."""
    parser = argparse.ArgumentParser(description="Check a proof of `motcua proof`, offline.")
    parser.add_argument("file", type=Path, help="the proof")
    parser.add_argument("--checkpoint", type=Path, help="checkpoints that are believed")
    parser.add_argument("--key", action="append", default=[], help="a public key that is believed")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    given = parser.parse_args(arguments)
    if given.checkpoint is None and not given.key:
        parser.error("what is believed must be given: --checkpoint or --key")
    try:
        heads = read_heads(given.checkpoint.read_text("utf-8")) if given.checkpoint else {}
        trust = Trust(heads, [parse_key(text) for text in given.key])
        shown = verify(json.loads(given.file.read_text("utf-8")), trust)
    except NotProven as error:
        result: dict[str, Any] = {"proven": False, "reason": str(error)}
    except (OSError, ValueError) as error:
        result = {"proven": False, "reason": f"a file can't be read: {error}"}
    else:
        result = {"proven": True, **shown}
    if given.json:
        print(json.dumps(result))
    elif result["proven"]:
        print(f"proven: {result['events']} event(s) of {result['code']}")
        for head in result["checkpoints"]:
            print(f"  {head['origin']}, {head['size']} leaves, root {head['root']}")
    else:
        print(f"not proven: {result['reason']}")
    return 0 if result["proven"] else 1


if __name__ == "__main__":
    sys.exit(main())
