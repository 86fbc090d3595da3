"""What is plain text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.base.plain_text import plain, plain_line


@pytest.mark.parametrize(
    "text",
    [
        *("Nguyễn Thị Ánh", "dòng 1\ndòng 2\tcột", "", "Số 5/2, ngõ 7", "मराठी क\u200dष", "🙂"),
        *("می\u200cخواهم", "👨\u200d👩\u200d👧 gia đình", "❤\ufe0f"),
    ],
)
def test_plain_text_is_kept(text: str) -> None:
    """Ordinary text of any script, with line feeds and tabs, is plain."""
    assert plain(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\rb", "\x1b[31m", "abc\u202edef", "\u2066x", "a\x85b", "e" + "\u0301" * 20],
)
def test_hostile_text_is_not_plain(text: str) -> None:
    """Control characters, marks that turn the direction and heaps of marks are not plain."""
    assert plain(text) is None


BLANK = [
    "",
    " ",
    "\n\t",
    "\u00a0",
    "\u200b",
    "\u2060",
    "\u3164",
    "\u00ad \u180e",
    "\u2800",
    "\ufe0f",
]


@pytest.mark.parametrize("text", BLANK)
def test_what_shows_nothing_is_empty(text: str) -> None:
    """Blanks, fillers and joiners, alone or together, tell a reader nothing."""
    assert plain(text) == ""


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u00a0", "\u2800", "\ufe0f"])
def test_blanks_beside_what_shows_are_text(text: str) -> None:
    """What shows is kept."""
    assert (plain(f"{text}x") or "").endswith("x")


def test_blanks_are_plain_blanks_and_none_stand_around_a_text() -> None:
    """What was copied from a web page or a table is the same text as what was typed."""
    assert plain("\u00a0Lê\u202fThị\u3000Mẫu \t\r\n") == "Lê Thị Mẫu"
    assert plain_line(" Lê Thị\u00a0Mẫu\u00a0") == "Lê Thị Mẫu"
    assert plain_line("Lê\tThị") is None
    assert plain("dòng 1\n  dòng 2") == "dòng 1\n  dòng 2"


@pytest.mark.parametrize(
    "sign",
    [
        *("\u200b", "\u2060", "\u3164", "\u00ad", "\u180e", "\u115f", "\u034f", "\u2064"),
        *("\U000e0041", "\U000e0001", "\U000e0100", "\uffa0", "\u200c", "\u200d"),
    ],
)
@pytest.mark.parametrize("text", ["Nguyễn{}Thị Ánh", "{}An", "Ánh{}"])
def test_what_nobody_can_see_is_not_plain(text: str, sign: str) -> None:
    """Two names that look alike would be two names."""
    assert plain(text.format(sign)) is None


@given(st.text())
def test_plain_text_is_stable(text: str) -> None:
    """What is plain is in NFC, and plain again to the same text."""
    clean = plain(text)
    if clean is not None:
        assert unicodedata.is_normalized("NFC", clean)
        assert plain(clean) == clean


@pytest.mark.parametrize("text", ["Nguyễn Thị Ánh", "", "🙂"])
def test_a_plain_line_is_kept(text: str) -> None:
    """A name is shown on one line."""
    assert plain_line(text) == text


@pytest.mark.parametrize("text", ["dòng 1\ndòng 2", "tên\tcột", "a\x00b", "a\u2028b"])
def test_what_breaks_a_line_is_no_plain_line(text: str) -> None:
    """Nor is what is not plain at all."""
    assert plain_line(text) is None
