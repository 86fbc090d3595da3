"""Where the parts of a process stand in its file, and the words of the office that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from office.process.parsing.yaml_nodes import TableReader

PartPath = tuple[str, ...]


class ReferenceKind(StrEnum):
    """What a word of the office names."""

    UNIT = "unit"
    ROLE = "role"
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True)
class OfficeReference:
    """A unit, a role or a procedure that a process names, and where it does."""

    kind: ReferenceKind
    name: str
    where: str
    line: int


@dataclass
class SourceLocations:
    """The lines and words that are noted while a process is read, and what is wrong in itself.

    The place of a part is (step, way), (step, "consultation", name) or the like; () is the process.
    """

    lines: dict[PartPath, int]
    references: list[OfficeReference] = field(default_factory=list)
    """Everything in it that the office has to know."""
    unsound: set[PartPath] = field(default_factory=set)
    """What has a mistake of which nothing further can be said: () the process's name or version, a
    step's place where it leads, the place of a way, a consultation or a child its condition.
    """
    unsound_facts: set[str] = field(default_factory=set)

    def line(self, table: TableReader, *place: str) -> None:
        """Note the line of a part; the first one of its name counts."""
        self.lines.setdefault(place, table.line)

    def add_references(
        self, table: TableReader, key: str, kind: ReferenceKind, *names: str
    ) -> None:
        """Note words that stand under a key; what has a fixed meaning is none."""
        fixed = ("", "dossier", "parent", "none")
        self.references += [
            OfficeReference(kind, name, table.where, table.at(key))
            for name in names
            if name not in fixed
        ]
