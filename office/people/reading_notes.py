"""What was read of a directory so far, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from kernel.base.plain_text import plain_line
from office.people.directory import Officer, Unit


@dataclass
class ReadingNotes:
    """Collects mistakes; what is at fault is remembered, so that nothing hangs on it."""

    roles: frozenset[str]
    units: dict[str, Unit] = field(default_factory=dict)
    units_known: bool = True
    """False when units could not be read: then no code is told to be none."""
    officers: dict[str, Officer] = field(default_factory=dict)
    officers_known: bool = True
    """False when some officers could not be read."""
    places: dict[str, str] = field(default_factory=dict)
    """Where each officer stands, those with mistakes too."""
    stand_ins: list[tuple[str, str, str]] = field(default_factory=list)
    """Place, officer and stand-in of absences whose days are at fault."""
    mistakes: list[str] = field(default_factory=list)

    def wrong(self, place: str, key: str, text: str) -> None:
        """Note a mistake."""
        self.mistakes.append(f"{place}: {key}: {text}" if key else f"{place}: {text}")

    def tables(self, document: Mapping[str, Any], key: str, place: str) -> list[dict[str, Any]]:
        """Return the tables under a key; anything else is noted."""
        found = document.get(key, [])
        if isinstance(found, list) and all(isinstance(row, dict) for row in found):
            return found
        self.wrong(place, key, f"must be tables: [[{key}]]")
        return []

    def text(self, row: Mapping[str, Any], key: str, place: str) -> str:
        """Return a text that may be left out."""
        found = row.get(key, "")
        if isinstance(found, str):
            return found
        self.wrong(place, key, f"{_said(found)} is no text: put it in quotes")
        return ""

    def name(self, row: Mapping[str, Any], key: str, place: str) -> str:
        """Return a name that may be left out: mails and pages show it on one line."""
        found = self.text(row, key, place)
        if plain_line(found) is None:
            self.wrong(place, key, "must be one line of plain text, without control characters")
            return ""
        return found

    def day(self, row: Mapping[str, Any], key: str, place: str) -> date | None:
        """Return a day that may be left out."""
        found = row.get(key)
        if found is None or type(found) is date:
            return found
        hint = ", without quotes" if isinstance(found, str) else ""
        self.wrong(place, key, f"{_said(found)} is no day (YYYY-MM-DD{hint})")
        return None

    def days(
        self, row: Mapping[str, Any], begin: str, end: str, place: str
    ) -> tuple[date | None, date | None]:
        """Return two days in their order."""
        first, last = self.day(row, begin, place), self.day(row, end, place)
        if first and last and last < first:
            self.wrong(place, end, f"{last} lies before {begin}, {first}")
        return first, last

    def keys(self, row: Mapping[str, Any], known: set[str], place: str) -> set[str]:
        """Note the keys that mean nothing; gives those that are meant by them."""
        meant = set()
        for key in sorted(set(row) - known):
            near = get_close_matches(key.lower(), sorted(known - set(row)), 1)
            meant.update(near)
            hint = f"is {near[0]} meant?" if near else f"there are {', '.join(sorted(known))}"
            self.wrong(place, key, f"unknown key ({hint})")
        return meant


def _said(value: Any) -> str:
    return value if isinstance(value, str) else str(value)[:40]
