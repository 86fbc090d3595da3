"""Who is told when a level of a ladder is reached, by the directory as it is at that instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motcua.intake.v1.dossier_events_pb2 import DeskCheckMissed
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.process.model.process import UnknownProcess
from services.routing.application.delegate_work import substitute_of
from services.routing.domain.escalation import CHECK, unit_of
from services.routing.domain.state import State

if TYPE_CHECKING:
    from services.routing.application.handlers import CaseHandlers


def name_who(
    uow: UnitOfWork, office: CaseHandlers, state: State, said: DeadlineEscalated, at: int
) -> None:
    """Write into what is said who is told, and what the step is called."""
    said.officers.extend(told(uow, office, said.unit, said.role, at))
    if said.step:
        said.step_title = _title(office, state, said.step)


def desk_missed(
    uow: UnitOfWork, office: CaseHandlers, missed: DeskCheckMissed, at: int
) -> list[DeadlineEscalated]:
    """Say to those above the desk, by the ladder of its unit, that a check was missed."""
    stages = office.ladders.of(missed.unit).of(CHECK)
    return [
        DeadlineEscalated(
            scope=DeadlineScope.DEADLINE_SCOPE_DESK_CHECK,
            due_at=missed.answer_due_at,
            escalation_level=stage.name,
            unit=unit,
            role=stage.role,
            number=number,
            officers=told(uow, office, unit, stage.role, at),
            work_unit=missed.unit,
        )
        for number, stage in enumerate(stages, start=1)
        for unit in [unit_of(stage, missed.unit, missed.unit)]
    ]


def told(uow: UnitOfWork, office: CaseHandlers, unit: str, role: str, at: int) -> list[str]:
    """List the ids of those who have a role in a unit at an instant, each once, in order; nobody
    without a directory.

    For who is away, by the directory or by ``DelegateWork``, it is the stand-in who is told,
    unless that one is not there either.
    """
    people, day = office.people, office.day(at)
    if people is None:
        return []
    found = set()
    for officer in people.holders(unit, role, day):
        away = officer.absence(day)
        stand_in = substitute_of(uow, officer.id, people.responsible_unit(unit, day), at)
        if away is None and not stand_in:
            found.add(officer.id)
            continue
        stand_in = stand_in or (away.substitute if away else "")
        if stand_in and people.is_present(stand_in, day):
            found.add(stand_in)
    return sorted(found)


def _title(office: CaseHandlers, state: State, step: str) -> str:
    try:
        return office.processes.get(state.process, state.version).step(step).title.vi
    except (UnknownProcess, LookupError):
        return ""
