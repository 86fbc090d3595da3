"""A process as read, with what its verification needs to know of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

from kernel.documents.mistakes import KeyPath
from kernel.messages.catalogue import BilingualText
from office.process.model.process import Process
from office.process.parsing.process_file import ProcessReader

PartPath = tuple[str, ...]
"""The path of a part is (step, transition), (step, "consultation", name) or the like; () is that of
the process.
"""
_FIXED = ("", "dossier", "parent", "none")
"""Words that stand where a unit or a role can."""


@dataclass
class ParsedParts:
    """The parts of a process in its file, and the units, roles and procedures that it names."""

    reader: ProcessReader
    paths: dict[PartPath, KeyPath] = field(default_factory=lambda: {(): ("process",)})
    references: list[tuple[str, str, KeyPath]] = field(default_factory=list)
    """``unit``, ``role`` or ``procedure``, the name, and where it stands."""
    unsound: set[PartPath] = field(default_factory=set)
    """Parts on which nothing further is checked: () for a wrong name or version, a step's path for
    wrong transitions, the path of a transition, consultation or child for a wrong condition.
    """
    unsound_facts: set[str] = field(default_factory=set)

    def refer(self, kind: str, name: str, path: KeyPath) -> None:
        """Record that a process names a unit, role or procedure."""
        if name not in _FIXED:
            self.references.append((kind, name, path))

    def wrong(self, rule: str, text: BilingualText, *place: str) -> None:
        """Note the mistake of a part; the first one of its name counts."""
        self.reader.wrong(self.paths[place], rule, text)


@dataclass(frozen=True)
class ParsedProcess:
    """A process, with placeholders for what has mistakes."""

    process: Process
    parts: ParsedParts

    @property
    def place(self) -> str:
        """Where it begins: file and line."""
        line, _ = self.parts.reader.place_of(("process",))
        return f"{self.parts.reader.file}:{line}"
