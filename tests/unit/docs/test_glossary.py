"""The glossary is true: its places are there, and it has what retired words are replaced by."""

from __future__ import annotations

import re

from tests.support.paths import ROOT, code_files
from tools.words import LIST, read_list, texts, word_pattern

ROW = re.compile(r"^\| (.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str, str]]:
    """Return the terms, in English and Vietnamese, with meanings and places."""
    found = ROW.findall((ROOT / "docs" / "glossary.md").read_text("utf-8"))
    return [row for row in found if row[0] not in ("term", "---")]


def test_every_term_has_a_place_that_is_there() -> None:
    """One file or folder at least."""
    assert len(rows()) > 60
    for term, _, _, where in rows():
        places = re.findall(r"`([^`]+)`", where)
        assert places, term
        assert all((ROOT / place).exists() for place in places), (term, places)


def test_a_term_has_one_row() -> None:
    """One word for one thing, in each language."""
    for column in (0, 1):
        terms = [row[column].lower() for row in rows()]
        assert len(terms) == len(set(terms))


def test_what_replaces_a_retired_word_is_in_use() -> None:
    """It is a term here, or a word of the code."""
    words, _ = read_list(LIST.read_text("utf-8"), texts(ROOT))
    terms = {term for row in rows() for term in row[0].split(", ")}
    code = "\n".join(path.read_text("utf-8") for path in code_files())
    for word in words:
        for replacement in re.split(r"[,;] (?:or )?", word.say):
            used = replacement in terms or word_pattern([replacement]).search(code)
            assert used, (word.word, replacement)
