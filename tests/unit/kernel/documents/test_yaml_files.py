"""YAML files are read as texts, lists and tables, with the place of each value."""

from __future__ import annotations

import pytest

from kernel.documents.reading import DocumentReader
from kernel.documents.yaml_files import open_yaml


def opened(text: str) -> list[DocumentReader]:
    return open_yaml(text, "house.yaml", DocumentReader)


def test_values_stay_texts_and_have_places() -> None:
    """Of a key its own place, of an item the item's; what is missing is where its table is."""
    (house,) = opened("street: 1.010\nrooms:\n  - {name: A, seats: [3, no]}\n  -\n")
    assert house.content == {"street": "1.010", "rooms": [{"name": "A", "seats": ["3", "no"]}, ""]}
    assert house.place_of(("street",)) == (1, 1)
    assert house.place_of(("rooms", 0)) == (3, 5)
    assert house.place_of(("rooms", 0, "seats")) == (3, 15)
    assert house.place_of(("rooms", 0, "seats", 1)) == (3, 26)
    assert house.place_of(("rooms", 0, "window")) == (3, 5)


def test_each_document_is_read_by_itself() -> None:
    """Lines count through the file, and a torn one hides nothing of the others."""
    first, torn, last = opened("# one\n---\na: 1\n---\nb: [\n---\nc: 3\n")
    assert (first.content, torn.content, last.content) == ({"a": "1"}, None, {"c": "3"})
    assert [each.complete for each in (first, torn, last)] == [True, False, True]
    assert [(m.line, m.rule) for m in torn.mistakes] == [(6, "yaml")]
    assert last.place_of(("c",)) == (7, 1)
    assert opened("") == []


@pytest.mark.parametrize(
    ("text", "place", "where", "rule"),
    [
        ("a: &x {b: 1}\nc: *x\n", (1, 4), "c", "yaml"),
        ("a: 1\n{b: 2}: 3\n", (2, 1), "", "yaml"),
        ("a: {b: 1, b: 2}\n", (1, 11), "a, b", "duplicate"),
        ("a: " + "[" * 40 + "]" * 40, (1, 34), "a 1 1", "yaml"),
        ("a: " + "[" * 5000, (1, 1), "", "yaml"),
    ],
)
def test_what_no_file_needs_is_a_mistake(
    text: str, place: tuple[int, int], where: str, rule: str
) -> None:
    """An alias, a key that is no word or is there twice, and nesting without end."""
    (house,) = opened(text)
    (found,) = house.mistakes
    assert ((found.line, found.column), found.rule) == (place, rule)
    assert found.where.startswith(where)
    assert house.complete is (rule != "yaml")
