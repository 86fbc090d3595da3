"""Finds procedures by words, with or without accents. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_WORD: Final = re.compile(r"[^\W_]+")
T = TypeVar("T")


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared: small letters without accents, đ as d."""
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d").replace("ð", "d")
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return _WORD.findall(plain)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One thing that can be found."""

    value: T
    title: str
    words: frozenset[str]

    @classmethod
    def of(cls, value: T, title: str, *others: str) -> Entry[T]:
        """Return the entry of a value, found by its title and by other texts."""
        return cls(value, title, frozenset(words_of(" ".join((title, *others)))))


def find(query: str, entries: Iterable[Entry[T]]) -> list[T]:
    """Return what has the most words of a query, by title; all for a query without words.

    A word also finds those that begin with it. Between as good ones goes first what has the query
    in its title with the accents as they were typed.
    """
    wanted = words_of(query)
    typed = unicodedata.normalize("NFC", " ".join(query.split())).casefold()

    def score(entry: Entry[T]) -> int:
        return sum(any(word.startswith(each) for word in entry.words) for each in wanted)

    scored = [(score(entry), entry) for entry in entries]
    best = max((points for points, _ in scored), default=0)
    if wanted and not best:
        return []
    found = [entry for points, entry in scored if points == best]
    found.sort(key=lambda e: (not typed or typed not in e.title.casefold(), words_of(e.title)))
    return [entry.value for entry in found]
