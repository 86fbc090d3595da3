"""A directory of people while its files are read, with the mistakes found so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

from kernel.base.plain_text import plain_line
from office.people.directory import DirectoryUnit, Officer


@dataclass
class DirectoryDraft:
    """The units and officers read so far and the mistakes in them.

    Parts that could not be read are marked, so that no further mistake is reported because of them.
    """

    roles: frozenset[str]
    units: dict[str, DirectoryUnit] = field(default_factory=dict)
    units_known: bool = True
    """False when some units could not be read: then no code is reported as unknown."""
    officers: dict[str, Officer] = field(default_factory=dict)
    officers_known: bool = True
    """False when some officers could not be read."""
    places: dict[str, str] = field(default_factory=dict)
    """The place of each officer in the files, also of those with mistakes."""
    substitutes: list[tuple[str, str, str]] = field(default_factory=list)
    """Place, officer and substitute of absences whose days are wrong."""
    mistakes: list[str] = field(default_factory=list)

    def wrong(self, place: str, key: str, text: str) -> None:
        """Add a mistake: the place, the key (empty for the whole place) and the broken rule."""
        self.mistakes.append(f"{place}: {key}: {text}" if key else f"{place}: {text}")

    def tables(self, document: Mapping[str, Any], key: str, place: str) -> list[dict[str, Any]]:
        """Return the tables under a key, none if it is missing; add a mistake for other values."""
        found = document.get(key, [])
        if isinstance(found, list) and all(isinstance(row, dict) for row in found):
            return found
        self.wrong(place, key, f"must be tables: [[{key}]]")
        return []

    def text(self, row: Mapping[str, Any], key: str, place: str) -> str:
        """Return the text under an optional key; add a mistake for other values."""
        found = row.get(key, "")
        if isinstance(found, str):
            return found
        self.wrong(place, key, f"{_shown(found)} is no text: put it in quotes")
        return ""

    def name(self, row: Mapping[str, Any], key: str, place: str) -> str:
        """Return the name under an optional key, which must be one line; add a mistake if not."""
        found = self.text(row, key, place)
        if plain_line(found) is None:
            self.wrong(place, key, "must be one line of plain text, without control characters")
            return ""
        return found

    def day(self, row: Mapping[str, Any], key: str, place: str) -> date | None:
        """Return the day under an optional key; add a mistake for other values."""
        found = row.get(key)
        if found is None or type(found) is date:
            return found
        hint = ", without quotes" if isinstance(found, str) else ""
        self.wrong(place, key, f"{_shown(found)} is no day (YYYY-MM-DD{hint})")
        return None

    def days(
        self, row: Mapping[str, Any], begin: str, end: str, place: str
    ) -> tuple[date | None, date | None]:
        """Return the days under two optional keys; add a mistake if they are out of order."""
        first, last = self.day(row, begin, place), self.day(row, end, place)
        if first and last and last < first:
            self.wrong(place, end, f"{last} lies before {begin}, {first}")
        return first, last

    def keys(self, row: Mapping[str, Any], known: set[str], place: str) -> set[str]:
        """Add a mistake for each unknown key; return the known keys that they resemble."""
        meant = set()
        for key in sorted(set(row) - known):
            near = get_close_matches(key.lower(), sorted(known - set(row)), 1)
            meant.update(near)
            hint = f"is {near[0]} meant?" if near else f"there are {', '.join(sorted(known))}"
            self.wrong(place, key, f"unknown key ({hint})")
        return meant


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)[:40]
