"""Every value of a TOML file has the line and the column at which it stands."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from kernel.documents.mistakes import KeyPath
from kernel.documents.positions import toml_positions
from tests.support.paths import ROOT

TEXT = """\
# a comment
a.b = 1 # another
"é k" = { x = [1, # one
  { y = 2 }], 'z' = 'Tỉnh', w = 0 }

[t]
q = \"\"\"
no = 1
\"\"\"
[t.u]
[[l]]
k = 1
[[l.m]]
n = 2021-08-09
[[l.m]]
[[l]]
[l.o]
p = 3
"""
PLACES = {
    ("a", "b"): (2, 1),
    ("é k", "x"): (3, 11),
    ("é k", "x", 0): (3, 16),
    ("é k", "x", 1): (4, 3),
    ("é k", "x", 1, "y"): (4, 5),
    ("é k", "z"): (4, 15),
    ("é k", "w"): (4, 29),
    ("t",): (6, 1),
    ("t", "q"): (7, 1),
    ("t", "u"): (10, 1),
    ("l",): (11, 1),
    ("l", 0): (11, 1),
    ("l", 0, "k"): (12, 1),
    ("l", 0, "m", 0, "n"): (14, 1),
    ("l", 0, "m", 1): (15, 1),
    ("l", 1): (16, 1),
    ("l", 1, "o", "p"): (18, 1),
}


@pytest.mark.parametrize(("path", "place"), PLACES.items())
def test_a_value_stands_where_its_key_does(path: KeyPath, place: tuple[int, int]) -> None:
    """Tables, lists of tables, dotted keys, values over several lines; columns in characters."""
    assert toml_positions(TEXT)[path] == place


def paths(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths of all values, as the standard parser has them."""
    if at:
        yield at
    listed = enumerate(value) if isinstance(value, list) else ()
    for key, item in value.items() if isinstance(value, dict) else listed:
        yield from paths(item, (*at, key))


FILES = sorted(
    file
    for folder in ("office", "services", "examples")
    for file in (ROOT / folder).rglob("*.toml")
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_value_of_the_files_that_ship_has_a_place(file: Any) -> None:
    """On a line that holds its key."""
    text = file.read_text("utf-8")
    found, lines = toml_positions(text), text.splitlines()
    for path in paths(tomllib.loads(text)):
        line, column = found[path]
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1][column - 1 :], path
