"""Proves that an event stands in the ledger, and that one checkpoint continues another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb
from sqlalchemy import Connection

from kernel.base.errors import Invalid, Violation
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.envelope import short_name
from kernel.ledger import checkpoint as checkpoints
from kernel.ledger import merkle
from kernel.ledger.checkpoint import Checkpoint, checkpoint_of
from kernel.ledger.cosignature import cosigned
from kernel.ledger.proof import proof_text
from kernel.ledger.signed_note import BadNote, Note, VerifierKey, verified
from services.audit.ledger import signing, tree
from services.audit.ledger.signing import LedgerKeys
from services.audit.wording.texts import TEXTS

FIELD: Final = "checkpoint"
Notes = Mapping[int, Note]
"""Notes of checkpoints by partition."""


class Ledger:
    """What audit says of its ledger; each method reads by the connection that it is given."""

    def __init__(self, keys: LedgerKeys, witnesses: Sequence[VerifierKey] = ()) -> None:
        """``witnesses`` are the keys whose cosignatures are told."""
        self._keys = keys
        self._witnesses = witnesses

    def newest(self, connection: Connection) -> pb.GetCheckpointResponse:
        """Return the newest checkpoint of each partition, and what is recorded."""
        found, sizes = signing.newest(connection), tree.sizes(connection)
        return pb.GetCheckpointResponse(
            checkpoints=[self._described(connection, each) for each in found.values()],
            recorded=[
                _recorded(connection, partition, sizes.get(partition, 0), found.get(partition))
                for partition in sorted(sizes.keys() | found.keys())
            ],
        )

    def _described(self, connection: Connection, signed: signing.Signed) -> pb.SignedCheckpoint:
        head = signed.checkpoint
        return pb.SignedCheckpoint(
            partition=signed.partition,
            size=head.size,
            root=head.root,
            signed_at=to_timestamp(signed.signed_at),
            note=str(signed.note),
            keys=[str(key) for key in signing.known_keys(connection, head.origin)],
            cosignatures=[
                pb.Cosignature(witness=each.key.name, at=to_timestamp(each.at * 1_000_000))
                for each in cosigned(signed.note, self._witnesses)
            ],
        )

    def inclusion(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]], text: str
    ) -> pb.GetInclusionProofResponse:
        """Prove rows of the log by the checkpoints in a text, or by the newest ones; raise
        ``Invalid`` for checkpoints of another ledger.
        """
        notes = self.notes(connection, text) if text else _notes(signing.newest(connection))
        answer = pb.GetInclusionProofResponse()
        for row in rows:
            partition, offset = row["partition"], row["offset"]
            entry = answer.entries.add(
                partition=partition,
                offset=offset,
                type=short_name(row["type"]),
                event_id=row["event_id"],
                body=row["body"],
            )
            note = notes.get(partition)
            if note is None or checkpoint_of(note).size <= offset:
                continue
            head, nodes = checkpoint_of(note), tree.nodes_of(connection, partition)
            path = merkle.inclusion_proof(offset, head.size, nodes)
            entry.proof = proof_text(offset, path, note)
        used = {entry.partition for entry in answer.entries if entry.proof}
        for origin in sorted(checkpoint_of(notes[partition]).origin for partition in used):
            answer.keys.extend(str(key) for key in signing.known_keys(connection, origin))
        return answer

    def consistency(self, connection: Connection, text: str) -> pb.GetConsistencyProofResponse:
        """Prove that the newest checkpoints continue those in a text; raise ``Invalid`` for
        checkpoints of another ledger.
        """
        answer, latest = pb.GetConsistencyProofResponse(), signing.newest(connection)
        for partition, note in self.notes(connection, text).items():
            old, new = checkpoint_of(note), latest[partition].checkpoint
            if old.size > new.size:
                raise _refused("checkpoint.ahead", old.origin)
            nodes = tree.nodes_of(connection, partition)
            answer.proofs.add(
                partition=partition,
                old_size=old.size,
                size=new.size,
                hashes=merkle.consistency_proof(old.size, new.size, nodes),
                note=str(latest[partition].note),
            )
        return answer

    def heads(self, connection: Connection, text: str) -> list[tuple[int, Checkpoint]]:
        """Return the checkpoints in a text, none if it is empty, each with its partition, whether
        the trees agree with them or not. Raise ``Invalid`` for those that nobody here has signed.
        """
        notes = self.signed(connection, text) if text else []
        return [(partition, checkpoint_of(note)) for partition, note in notes]

    def notes(self, connection: Connection, text: str) -> dict[int, Note]:
        """Return the notes of checkpoints in a text, each of them of this ledger: signed by one of
        its keys, and with the root that its tree had. Raise ``Invalid``.
        """
        found: dict[int, Note] = {}
        sizes = tree.sizes(connection)
        for partition, note in self.signed(connection, text):
            head = checkpoint_of(note)
            nodes = tree.nodes_of(connection, partition)
            if head.size > sizes[partition] or merkle.root(head.size, nodes) != head.root:
                raise _refused("checkpoint.other", head.origin)
            found[partition] = note
        return found

    def signed(self, connection: Connection, text: str) -> list[tuple[int, Note]]:
        """Return the notes of checkpoints in a text that a key of this ledger has signed, each with
        its partition, whether its trees still agree with them or not. Raise ``Invalid``.
        """
        origins = {self._keys.origin_of(p): p for p in tree.sizes(connection)}
        try:
            notes = checkpoints.split(text)
        except BadNote:
            raise Invalid(
                [Violation(FIELD, "checkpoint.form", TEXTS.text("checkpoint.form"))]
            ) from None
        found = []
        for note in notes:
            origin = checkpoint_of(note).origin
            if origin not in origins:
                raise _refused("checkpoint.other", origin)
            if not self._signed(connection, note, origin):
                raise _refused("checkpoint.unsigned", origin)
            found.append((origins[origin], note))
        return found

    def _signed(self, connection: Connection, note: Note, origin: str) -> bool:
        """Return whether a key that signs here, or has signed, is a note's."""
        known = signing.known_keys(connection, origin)
        known += [VerifierKey(origin, public) for public in self._keys.publics()]
        try:
            return bool(verified(note, known))
        except BadNote:
            return False


def _recorded(
    connection: Connection, partition: int, size: int, signed: signing.Signed | None
) -> pb.RecordedHead:
    """Return the head of a tree, without its last leaf where the tree is no longer that which was
    signed.
    """
    nodes = tree.nodes_of(connection, partition)
    if signed is not None and not _has(signed.checkpoint, nodes, size):
        return pb.RecordedHead(partition=partition, size=max(size, signed.checkpoint.size))
    leaf = nodes(0, size - 1) if size else b""
    return pb.RecordedHead(partition=partition, size=size, last_leaf=leaf)


def _has(head: Checkpoint, nodes: merkle.Nodes, size: int) -> bool:
    return head.size <= size and merkle.root(head.size, nodes) == head.root


def _notes(signed: Mapping[int, signing.Signed]) -> Notes:
    return {partition: each.note for partition, each in signed.items()}


def _refused(rule: str, origin: str) -> Invalid:
    return Invalid([Violation(FIELD, rule, TEXTS.text(rule, origin=origin))])
