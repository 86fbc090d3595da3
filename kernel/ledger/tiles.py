"""The stored hashes of a growing tree, in tiles of 256 as C2SP tlog-tiles cuts them. Pure.

Tile ``index`` of level 0 holds the hashes of 256 leaves, one of level 1 those over 256 tiles of
level 0, and so on. Only the last tile of a level grows; all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from kernel.ledger.merkle import HASH_SIZE, perfect_root

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
TILE_BYTES: Final = WIDTH * HASH_SIZE
ReadTile = Callable[[int, int], bytes]
"""Returns the hashes of a tile, by level and index; fewer than 256 of the last one of a level."""


class TileStore(Protocol):
    """Where the tiles of one tree are."""

    def read(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile; b"" when there is none yet."""
        ...

    def write(self, level: int, index: int, hashes: bytes) -> None:
        """Keep the hashes of a tile instead of those that it had."""
        ...


def append(store: TileStore, size: int, leaves: Iterable[bytes]) -> int:
    """Append the hashes of leaves to a tree of ``size``, and return its size then."""
    index, filled = divmod(size, WIDTH)
    tile = bytearray(store.read(0, index)[: filled * HASH_SIZE])
    written = len(tile)
    for leaf in leaves:
        tile += leaf
        size += 1
        if len(tile) == TILE_BYTES:
            _close(store, index, bytes(tile))
            index, written = index + 1, 0
            tile.clear()
    if len(tile) != written:
        store.write(0, index, bytes(tile))
    return size


def nodes_of(read: ReadTile) -> Callable[[int, int], bytes]:
    """Return the hashes of a tree's nodes by its tiles; each tile is read once."""
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        tile_level, rest = divmod(level, HEIGHT)
        tile_index, first = divmod(index << rest, WIDTH)
        place = tile_level, tile_index
        if place not in known:
            known[place] = read(*place)
        return perfect_root(split(known[place], first, 1 << rest))

    return node


def split(tile: bytes, first: int, count: int) -> list[bytes]:
    """Return some of a tile's hashes; raise ``ValueError`` when it does not have them."""
    begin, end = first * HASH_SIZE, (first + count) * HASH_SIZE
    if len(tile) < end:
        raise ValueError("the tree has no such hash")
    return [tile[at : at + HASH_SIZE] for at in range(begin, end, HASH_SIZE)]


def _close(store: TileStore, index: int, tile: bytes) -> None:
    """Keep a tile that is full, and its hash in the tile above."""
    level = 0
    while True:
        store.write(level, index, tile)
        above = perfect_root(split(tile, 0, WIDTH))
        level, (index, filled) = level + 1, divmod(index, WIDTH)
        tile = store.read(level, index)[: filled * HASH_SIZE] + above
        if len(tile) < TILE_BYTES:
            store.write(level, index, tile)
            return
