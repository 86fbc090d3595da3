"""Procedures are found as people type."""

import pytest

from services.web.search import Entry, find, words_of

BUILD = Entry.of("build", "Cấp giấy phép xây dựng nhà ở", "Building permit")
DRINK = Entry.of("drink", "Cấp giấy phép bán lẻ rượu", "Licence to sell spirits")
AID = Entry.of("aid", "Trợ cấp thất nghiệp", "Unemployment benefit")
ALL = [BUILD, DRINK, AID]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("xây dựng", ["build"]),
        ("xay dung", ["build"]),
        ("XÂY  DỰNG", ["build"]),
        ("xa\u0302y du\u031b\u0323ng", ["build"]),  # letters and accents apart
        ("giấy phép", ["drink", "build"]),
        ("giay phep ruou", ["drink"]),
        ("benefit", ["aid"]),
        ("that ng", ["aid"]),
        ("rượu không có", ["drink"]),
        ("zzz", []),
        ("", ["drink", "build", "aid"]),
        (" .,% ", ["drink", "build", "aid"]),
    ],
)
def test_procedures_are_found(query: str, found: list[str]) -> None:
    """With or without accents, by the beginnings of words, by most of several words."""
    assert find(query, ALL) == found


def test_what_was_typed_with_its_accents_goes_first() -> None:
    """Of two that are the same without them."""
    entries = [Entry.of("tax", "Thuê đất"), Entry.of("rent", "Thuế đất")]
    assert find("thuế đất", entries) == ["rent", "tax"]
    assert find("thuê đất", entries) == ["tax", "rent"]


def test_words_are_compared_without_accents() -> None:
    """The letter đ as d, and the one that looks like it."""
    assert words_of("Đăng ký, Ðất_đai (2)") == ["dang", "ky", "dat", "dai", "2"]
