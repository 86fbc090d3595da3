"""Lines and columns of the values in a TOML file, which the standard parser does not tell.

They are asked for when there is a mistake to report, and only then computed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Language, Node, Parser
from tree_sitter_toml import language

from kernel.documents.mistakes import KeyPath, Position


def toml_positions(text: str) -> Mapping[KeyPath, Position]:
    """Return where the key of each value stands, or the value itself in a list, in a text that is
    TOML.
    """
    found: dict[KeyPath, Position] = {}
    lines = text.split("\n")
    root = Parser(Language(language())).parse(text.encode()).root_node
    counts: dict[KeyPath, int] = {}
    for node in root.named_children:
        at: KeyPath = ()
        if node.type in ("table", "table_array_element"):
            *above, last = _names(node.named_children[0])
            for name in above:
                at = _latest((*at, name), counts)
            at = (*at, last)
            if node.type == "table_array_element":
                counts[at] = counts.get(at, -1) + 1
                found.setdefault(at, _position(node, lines))
                at = (*at, counts[at])
            found.setdefault(at, _position(node, lines))
            pairs = node.named_children[1:]
        else:
            pairs = [node]
        for pair in pairs:
            for path, place in _of_pair(pair, at):
                found.setdefault(path, _position(place, lines))
    return found


def _latest(path: KeyPath, counts: Mapping[KeyPath, int]) -> KeyPath:
    """Return the path of a table, of the latest one where there are several."""
    return (*path, counts[path]) if path in counts else path


def _names(key: Node) -> list[str]:
    """Return the names in a key, dots between them."""
    if key.type == "dotted_key":
        return [name for part in key.named_children for name in _names(part)]
    text = (key.text or b"").decode()
    return [str(next(iter(tomllib.loads(f"{text} = 0"))))]


def _of_pair(pair: Node, at: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    if pair.type != "pair":
        return  # a comment
    key, value = pair.named_children[:2]
    for name in _names(key):
        at = (*at, name)
        yield at, key
    yield from _inside(value, at)


def _inside(value: Node, at: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    if value.type == "inline_table":
        for pair in value.named_children:
            yield from _of_pair(pair, at)
    elif value.type == "array":
        items = [item for item in value.named_children if item.type != "comment"]
        for number, item in enumerate(items):
            yield (*at, number), item
            yield from _inside(item, (*at, number))


def _position(node: Node, lines: Sequence[str]) -> Position:
    """Return line and column in characters; the parser counts columns in bytes."""
    line, byte = node.start_point
    before = lines[line].encode()[:byte]
    return line + 1, len(before.decode()) + 1
