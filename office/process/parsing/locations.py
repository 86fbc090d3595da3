"""The lines of a process's parts in its file, and the units, roles and procedures that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from office.process.parsing.yaml_nodes import TableReader

PartPath = tuple[str, ...]


class ReferenceKind(StrEnum):
    """The kind of thing in the office that a process refers to."""

    UNIT = "unit"
    ROLE = "role"
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True)
class OfficeReference:
    """A unit, role or procedure that a process names, with the place at which it does."""

    kind: ReferenceKind
    name: str
    where: str
    line: int


@dataclass
class SourceLocations:
    """The lines and references collected while a process is read, and the parts with mistakes.

    The path of a part is (step, transition), (step, "consultation", name) or the like; () is that
    of the process.
    """

    lines: dict[PartPath, int]
    references: list[OfficeReference] = field(default_factory=list)
    """All units, roles and procedures that it names."""
    unsound: set[PartPath] = field(default_factory=set)
    """Parts on which nothing further is checked: () for a wrong name or version, a step's path for
    wrong transitions, the path of a transition, consultation or child for a wrong condition.
    """
    unsound_facts: set[str] = field(default_factory=set)

    def line(self, table: TableReader, *place: str) -> None:
        """Record the line of a part; the first one of its name counts."""
        self.lines.setdefault(place, table.line)

    def add_references(
        self, table: TableReader, key: str, kind: ReferenceKind, *names: str
    ) -> None:
        """Record the references under a key, without words of a fixed meaning."""
        fixed = ("", "dossier", "parent", "none")
        self.references += [
            OfficeReference(kind, name, table.where, table.at(key))
            for name in names
            if name not in fixed
        ]
