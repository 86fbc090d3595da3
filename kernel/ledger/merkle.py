"""Merkle trees of RFC 9162, section 2.1: roots, inclusion proofs, consistency proofs. Pure.

The hashes of a tree are asked for by ``Nodes``: where they are stored is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""
Nodes = Callable[[int, int], bytes]
"""Returns the hash over the leaves from ``index << level`` to before ``(index + 1) << level``."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + data).digest()


EMPTY_LEAF: Final = leaf_hash(b"")
"""The hash of a leaf without bytes."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over as many neighbouring hashes as a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the tree of the first ``size`` leaves."""
    return _range_hash(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the path that proves a leaf in the tree of the first ``size`` leaves, from the leaf
    up; raise ``ValueError`` when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    first, end, path = 0, size, []
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            path.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            path.append(_range_hash(first, middle, nodes))
            first = middle
    return path[::-1]


def consistency_proof(old: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the hashes that prove the tree of the first ``old`` leaves to be the beginning of that
    of the first ``size``; raise ``ValueError`` when there is no such proof.
    """
    if not 0 <= old <= size:
        raise ValueError(f"no tree of {old} in a tree of {size}")
    if old in (0, size):
        return []
    first, end, path = 0, size, []
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            path.append(_range_hash(middle, end, nodes))
            end = middle
        else:
            path.append(_range_hash(first, middle, nodes))
            first = middle
    if first:
        path.append(_range_hash(first, end, nodes))
    return path[::-1]


class Frontier:
    """The hashes by which a tree goes on growing: its root at each size, without the tree."""

    def __init__(self) -> None:
        self.size = 0
        self._subtrees: list[bytes] = []
        """The largest subtrees side by side, one for each bit of the size."""

    def append(self, leaf: bytes) -> None:
        """Append the hash of a leaf."""
        rest = self.size
        while rest & 1:
            leaf = node_hash(self._subtrees.pop(), leaf)
            rest >>= 1
        self._subtrees.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        if not self._subtrees:
            return EMPTY_ROOT
        found = self._subtrees[-1]
        for each in reversed(self._subtrees[:-1]):
            found = node_hash(each, found)
        return found


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """Return the root to which a proof of a leaf's hash leads; None for a proof of another form
    (RFC 9162, 2.1.3.2).
    """
    if not 0 <= index < size:
        return None
    position, last, found = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return None
        if position & 1 or position == last:
            found = node_hash(each, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, each)
        position, last = position >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(
    old: int, old_root: bytes, size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether a proof shows a tree to be the beginning of another one (RFC 9162, 2.1.4.2).

    The tree without leaves is the beginning of each tree, by an empty proof.
    """
    if not 0 <= old <= size:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == size:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    position, last = old - 1, size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            before, after = node_hash(each, before), node_hash(each, after)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            after = node_hash(after, each)
        position, last = position >> 1, last >> 1
    return before == old_root and after == new_root and last == 0


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_hash(first: int, end: int, nodes: Nodes) -> bytes:
    """Return the hash over leaves that begin where a subtree of their number can begin."""
    parts = []
    while (size := end - first) & (size - 1):
        middle = first + _split(size)
        parts.append(_range_hash(first, middle, nodes))
        first = middle
    level = size.bit_length() - 1
    found = nodes(level, first >> level)
    for part in reversed(parts):
        found = node_hash(part, found)
    return found
