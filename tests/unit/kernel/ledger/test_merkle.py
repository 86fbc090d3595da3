"""Trees against the vectors of Certificate Transparency and the definitions of RFC 9162."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.ledger import merkle, tiles
from kernel.ledger.merkle import leaf_hash
from tests.support import merkle_oracle as oracle

ENTRIES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The entries of the test vectors of Certificate Transparency, and the roots of the first ones."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Tree:
    """A tree whose tiles are kept in memory, appended to in portions."""

    def __init__(self) -> None:
        self.size = 0
        self.kept: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        """Return a tile."""
        return self.kept.get((level, index), b"")

    def write(self, level: int, index: int, hashes: bytes) -> None:
        """Keep a tile."""
        self.kept[level, index] = hashes

    def grow(self, entries: Sequence[bytes]) -> "Tree":
        """Append entries."""
        self.size = tiles.append(self, self.size, map(leaf_hash, entries))
        return self

    @property
    def nodes(self) -> merkle.Nodes:
        """Return the tree's nodes."""
        return tiles.nodes_of(self.read)


def entries_of(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def test_roots_of_the_vectors() -> None:
    """Each beginning of the vectors has its published root."""
    nodes = Tree().grow(ENTRIES).nodes

    assert merkle.root(0, nodes).hex() == sha256(b"").hexdigest()
    assert [merkle.root(size, nodes).hex() for size in range(1, 9)] == ROOTS


def test_inclusion_proof_of_the_vectors() -> None:
    """The published path of the sixth of eight leaves is the one that is made."""
    found = merkle.inclusion_proof(5, 8, Tree().grow(ENTRIES).nodes)

    assert [each.hex() for each in found] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_consistency_proof_of_the_vectors() -> None:
    """The published proof between six and eight leaves is the one that is made."""
    found = merkle.consistency_proof(6, 8, Tree().grow(ENTRIES).nodes)

    assert [each.hex() for each in found] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 255, 256, 257, 600])
def test_every_leaf_is_proven_as_the_rfc_defines(size: int) -> None:
    """Each path is that of the definition, and leads to the root of the definition."""
    entries = entries_of(size)
    nodes, root = Tree().grow(entries).nodes, oracle.mth(entries)

    assert merkle.root(size, nodes) == root
    for index in range(0, size, 1 + size // 40):
        path = merkle.inclusion_proof(index, size, nodes)
        assert path == oracle.path(index, entries)
        assert merkle.root_from_inclusion(leaf_hash(entries[index]), index, size, path) == root


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 700), st.data())
def test_each_beginning_is_proven_as_the_rfc_defines(size: int, data: st.DataObject) -> None:
    """Each proof of consistency is that of the definition, and only it is taken."""
    entries = entries_of(size)
    nodes, old = Tree().grow(entries).nodes, data.draw(st.integers(1, size - 1))
    before, after = oracle.mth(entries[:old]), oracle.mth(entries)
    found = merkle.consistency_proof(old, size, nodes)

    assert found == oracle.proof(old, entries)
    assert merkle.is_consistent(old, before, size, after, found)
    assert not merkle.is_consistent(old, after, size, after, found)
    assert not merkle.is_consistent(old, before, size, before, found)
    assert not merkle.is_consistent(old, before, size, after, [*found, found[0]])
    assert not merkle.is_consistent(old, before, size, after, found[:-1])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 300), max_size=8))
def test_a_tree_that_grew_in_portions_is_the_same(portions: list[int]) -> None:
    """However it grew, a tree has the same tiles."""
    entries = entries_of(sum(portions))
    grown, at = Tree(), 0
    for portion in portions:
        grown.grow(entries[at : at + portion])
        at += portion

    assert grown.kept == Tree().grow(entries).kept
    assert merkle.root(at, grown.nodes) == oracle.mth(entries)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 300), st.data())
def test_a_path_proves_nothing_else(size: int, data: st.DataObject) -> None:
    """A changed leaf, place, size or hash of a path leads to no or another root."""
    entries = entries_of(size)
    index = data.draw(st.integers(0, size - 1))
    nodes, leaf = Tree().grow(entries).nodes, leaf_hash(entries[index])
    root, path = merkle.root(size, nodes), merkle.inclusion_proof(index, size, nodes)
    other = data.draw(st.integers(0, 2 * size).filter(lambda at: at != index))

    assert merkle.root_from_inclusion(leaf_hash(b"x"), index, size, path) != root
    assert merkle.root_from_inclusion(leaf, other, size, path) != root
    assert merkle.root_from_inclusion(leaf, index, size, [*path, leaf]) != root
    if path:
        assert merkle.root_from_inclusion(leaf, index, size, path[:-1]) != root
        at = data.draw(st.integers(0, len(path) - 1))
        bent = [*path[:at], bytes([path[at][0] ^ 1, *path[at][1:]]), *path[at + 1 :]]
        assert merkle.root_from_inclusion(leaf, index, size, bent) != root


def test_old_sizes_are_proven_by_a_grown_tree() -> None:
    """The tiles of a grown tree give the roots and paths of each size that it has had."""
    entries = entries_of(1000)
    nodes = Tree().grow(entries).nodes

    for size in (1, 255, 256, 511, 512, 700, 999):
        assert merkle.root(size, nodes) == oracle.mth(entries[:size])
        assert merkle.inclusion_proof(0, size, nodes) == oracle.path(0, entries[:size])


def test_a_tree_of_three_levels_of_tiles_has_the_right_root() -> None:
    """Beyond 65,536 leaves a third level of tiles begins."""
    entries = entries_of(65_536 + 300)
    tree = Tree().grow(entries)

    assert sorted({level for level, _ in tree.kept}) == [0, 1, 2]
    assert merkle.root(tree.size, tree.nodes) == oracle.mth(entries)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_leaf_no_proof(index: int, size: int) -> None:
    """What a tree does not have can't be proven, nor asked for."""
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, size, Tree().grow(ENTRIES).nodes)
    assert merkle.root_from_inclusion(bytes(32), index, size, []) is None


def test_trees_without_leaves_and_equal_ones() -> None:
    """The empty tree is the beginning of each one; a tree is that of itself."""
    root = oracle.mth(ENTRIES)
    nodes = Tree().grow(ENTRIES).nodes

    assert merkle.consistency_proof(0, 8, nodes) == merkle.consistency_proof(8, 8, nodes) == []
    assert merkle.is_consistent(0, merkle.EMPTY_ROOT, 8, root, [])
    assert merkle.is_consistent(8, root, 8, root, [])
    assert not merkle.is_consistent(0, root, 8, root, [])
    assert not merkle.is_consistent(8, merkle.EMPTY_ROOT, 8, root, [])
    assert not merkle.is_consistent(9, root, 8, root, [])
    assert not merkle.is_consistent(3, root, 8, root, [])
    with pytest.raises(ValueError, match="no tree of 9"):
        merkle.consistency_proof(9, 8, nodes)
