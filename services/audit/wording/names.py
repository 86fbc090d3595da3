"""The names that the office's directory and its processes have for what events hold as codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from motcua.routing.v1.case_events_pb2 import CaseMoved, CaseOpened

from kernel.eventsourcing.envelope import payload_of
from kernel.messages.catalogue import FixedText
from office.people.directory import Directory
from office.process.model.process import Processes, Title
from services.audit.record.stored_event import decoded

_UNITS: Final = frozenset({"unit", "successor_unit"})
_OF_PROCESSES: Final = frozenset(each.DESCRIPTOR.full_name for each in (CaseOpened, CaseMoved))
_OFFICERS: Final = frozenset({"assignee", "officer", "substitute"})


@dataclass(frozen=True, slots=True)
class Names:
    """Names of units and officers, former ones too, and of the steps of a process; what is not
    known keeps its code.
    """

    people: Directory | None = None
    steps: Mapping[str, Title] = field(default_factory=dict)

    def of_field(self, name: str, code: str) -> object:
        """Return the value of an event's field as people read it."""
        if name in _UNITS:
            return self.unit(code)
        if name == "step":
            return self.step(code)
        return self.officer(code) if name in _OFFICERS else code

    def step(self, code: str) -> FixedText:
        """Return a step's title."""
        title = self.steps.get(code)
        return FixedText(code, code) if title is None else FixedText(title.vi, title.en)

    def unit(self, code: str) -> str:
        """Return a unit's name."""
        found = self.people.units.get(code) if self.people else None
        return found.name if found and found.name else code

    def officer(self, code: str) -> str:
        """Return an officer's name."""
        found = self.people.officers.get(code) if self.people else None
        return found.name if found and found.name else code


NO_NAMES: Final = Names()


def along(names: Names, rows: Sequence[Mapping[str, Any]], processes: Processes) -> list[Names]:
    """Return the names for each row of a timeline: those of the steps are of the process that the
    case is worked by at that place.
    """
    found = []
    for row in rows:
        if row["type"] in _OF_PROCESSES:
            names = replace(names, steps=_titles(row["body"], processes))
        found.append(names)
    return found


def _titles(body: bytes, processes: Processes) -> Mapping[str, Title]:
    event = decoded(body)
    payload = None if event is None else payload_of(event)
    if not isinstance(payload, CaseOpened | CaseMoved):
        return {}
    if not processes.has(payload.process, payload.process_version):
        return {}
    process = processes.get(payload.process, payload.process_version)
    return {step.name: step.title for step in process.steps}
