"""The names that the office's directory has for what events hold as codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from office.people.directory import Directory

_UNITS: Final = frozenset({"unit", "successor_unit"})
_OFFICERS: Final = frozenset({"assignee", "officer", "substitute"})


@dataclass(frozen=True, slots=True)
class Names:
    """Names of units and officers, former ones too; what the directory does not know keeps its
    code.
    """

    people: Directory | None = None

    def of_field(self, field: str, code: str) -> str:
        """Return the value of an event's field as people read it."""
        if field in _UNITS:
            return self.unit(code)
        return self.officer(code) if field in _OFFICERS else code

    def unit(self, code: str) -> str:
        """Return a unit's name."""
        found = self.people.units.get(code) if self.people else None
        return found.name if found and found.name else code

    def officer(self, code: str) -> str:
        """Return an officer's name."""
        found = self.people.officers.get(code) if self.people else None
        return found.name if found and found.name else code


NO_NAMES: Final = Names()
