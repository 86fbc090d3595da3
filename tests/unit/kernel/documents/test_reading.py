"""Documents are read with all mistakes at once, and rules are skipped where a value is wrong."""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import (
    DocumentReader,
    DocumentTable,
    UnsoundValue,
    open_toml,
    read_document,
)
from kernel.documents.rules import broken, must, rule_of
from kernel.messages.catalogue import FixedText

CAPITALS = FixedText("phải là chữ hoa", "must be capitals")


class Room(DocumentTable):
    """A table in a list."""

    code: Annotated[str, must(re.compile("[A-Z]+").fullmatch, "capitals", CAPITALS)]
    name: Annotated[str, Field(max_length=5)] = ""
    until: date | None = None
    kinds: list[Literal["big", "dry"]] = Field(default_factory=list)
    seats: Annotated[int, Field(ge=1)] = 3


class House(DocumentTable):
    """A document."""

    street: str
    hours: dict[str, str] = Field(default_factory=dict)
    room: Annotated[list[Room], Field(min_length=1)]


TEXT = """\
streat = "é"
hours = { mon = 1, tue = "8" }

[[room]]
code = "a"
name = 3
[[room]]
code = "B"
until = "soon"
kinds = ["big", "wet"]
seats = 0
colour = "red"
"""


def reader(folder: Path, text: str = TEXT) -> DocumentReader:
    """Return a reader of a file with a text."""
    file = folder / "house.toml"
    file.write_text(text, "utf-8")
    return open_toml(file)


def test_all_mistakes_are_named_with_place_path_and_rule(tmp_path: Path) -> None:
    """In the order of the file, in the words of the document."""
    house = reader(tmp_path)
    read_document(House, house)
    with pytest.raises(DocumentError) as caught:
        house.raise_mistakes()
    assert [
        str(each).removeprefix(f"{tmp_path}/house.toml:") for each in caught.value.mistakes
    ] == [
        "1:1: streat: is no key here; is street meant?",
        "2:11: hours, mon: must be a text, in quotes",
        "5:1: room 1 (a), code: must be capitals",
        "6:1: room 1 (a), name: must be a text, in quotes",
        "9:1: room 2 (B), until: must be a day such as 2026-09-02 (in TOML without quotes)",
        "10:17: room 2 (B), kinds 2: must be one of big, dry",
        "11:1: room 2 (B), seats: must be 1 or more",
        "12:1: room 2 (B), colour: is no key here (there are code, name, until, kinds, seats)",
    ]
    vi = caught.value.mistakes[0].in_language("vi")
    assert vi.endswith(":1:1: streat: không có khóa này; có phải là street không?")


def test_what_is_sound_is_there_and_what_is_wrong_is_not(tmp_path: Path) -> None:
    """A rule stops where it needs a value with a mistake of its own."""
    house = reader(tmp_path)
    found = read_document(House, house)
    assert found is not None
    first, second = found.room
    assert (second.code, second.kinds, second.path) == ("B", ["big"], ("room", 1))
    assert found.hours == {"tue": "8"}
    assert not hasattr(found, "street")
    reached: list[object] = []
    with house.rule():
        reached.append(first.seats)
        reached.append(first.code)
    assert reached == [3]
    with pytest.raises(UnsoundValue):
        _ = second.seats


def test_a_sound_document_is_its_model(tmp_path: Path) -> None:
    """With defaults, and nothing to raise."""
    house = reader(tmp_path, 'street = "X"\n[[room]]\ncode = "A"\n')
    found = read_document(House, house)
    house.raise_mistakes()
    assert found is not None
    made = House(street="X", room=[Room(code="A")])
    assert found.model_dump() == made.model_dump()


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("room = 1\nstreet = 'X'", ["room: must be tables, each under [[room]]"]),
        ("room = []\nstreet = 'X'", ["room: must have at least 1 entry"]),
        ("street = 'X'", ["room: is missing"]),
        (
            "street = 'X'\nroom = [1, {code = 'A'}]",
            ["room 1: must be a table with keys"],
        ),
        (
            "street = 'X'\n[[room]]\ncode = 'A'\nname = 'longer'",
            ["room 1 (A), name: must have at most 5 characters"],
        ),
        (
            "street = 1\nroom = [{code = 2}]",
            [
                "street: must be a text, in quotes",
                "room 1 (2), code: must be a text, in quotes",
            ],
        ),
    ],
)
def test_each_rule_is_told_in_plain_words(tmp_path: Path, text: str, mistakes: list[str]) -> None:
    """Never in a parser's words, and each once."""
    house = reader(tmp_path, text)
    read_document(House, house)
    assert sorted(f"{m.where}: {m.text.en}" for m in house.mistakes) == sorted(mistakes)


def test_a_mistake_is_noted_once(tmp_path: Path) -> None:
    """Whoever finds it first names it."""
    house = reader(tmp_path)
    house.wrong(("room", 1, "code"), "capitals", CAPITALS)
    house.wrong(("room", 1, "code"), "capitals", CAPITALS)
    assert len(house.mistakes) == 1


@pytest.mark.parametrize(("limit", "text"), [(1_000_000, "1000000"), (24.0, "24"), (0.5, "0.5")])
def test_a_limit_is_written_as_people_do(limit: float, text: str) -> None:
    """A whole number with all its digits, however large; others without needless ones."""
    rule, words = rule_of({"type": "less_than_equal", "ctx": {"le": limit}})

    assert (rule, words.en) == ("most", f"must be {text} or less")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a = [", "house.toml:1:6: is no TOML: no value stands here"),
        (b"\xff", "house.toml: is no text in UTF-8 (byte 1)"),
    ],
)
def test_a_file_that_can_t_be_parsed(tmp_path: Path, text: bytes, words: str) -> None:
    """Place and reason."""
    file = tmp_path / "house.toml"
    file.write_bytes(text)
    with pytest.raises(DocumentError) as caught:
        open_toml(file, "HOUSE")
    assert str(caught.value).startswith(f"HOUSE: {tmp_path}/{words}")


def test_a_validator_says_its_rule() -> None:
    """The error carries code and text, for whoever renders it."""
    error = broken("capitals", CAPITALS)
    assert error.context == {"rule": "capitals", "text": CAPITALS}


@pytest.mark.parametrize(
    ("sign", "shown"),
    [("\0", r"\x00"), ("\x1b", r"\x1b"), ("\u202e", r"\u202e"), ("\n", r"\n")],
)
def test_what_can_t_be_printed_is_shown_as_an_escape(sign: str, shown: str) -> None:
    """In the name of the file, in the place and in both texts, so that no line is forged."""
    read = DocumentReader(f"a{sign}.toml", {})
    read.note((1, 1), f"key{sign}", "rule", FixedText(f"sai {sign}!", f"wrong {sign}!"))
    (found,) = read.mistakes
    assert (found.text.vi, found.text.en) == (f"sai {shown}!", f"wrong {shown}!")
    assert str(found) == f"a{shown}.toml:1:1: key{shown}: wrong {shown}!"
    assert found.in_language("vi").isprintable()


def test_a_key_with_an_escape_is_named_on_one_line(tmp_path: Path) -> None:
    """Also where the file itself holds it as an escape."""
    house = reader(tmp_path, '"a\\u001b\\n" = 1\nstreet = "x"\nroom = [{code = "A"}]\n')
    read_document(House, house)
    (found,) = house.mistakes
    assert str(found).removeprefix(f"{tmp_path}/") == (
        r"house.toml:1:1: a\x1b\n: is no key here (there are street, hours, room)"
    )
