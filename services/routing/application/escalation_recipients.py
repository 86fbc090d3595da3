"""Names who is notified when an escalation level is reached, by the directory at that instant."""

from __future__ import annotations

from motcua.intake.v1.dossier_events_pb2 import DeskCheckMissed
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.process.model.process import UnknownProcess
from services.routing.application.absences.delegate_work import substitute_of
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.escalation import CHECK, unit_of
from services.routing.domain.state import State


def name_who(
    uow: UnitOfWork, loader: CaseContextLoader, state: State, event: DeadlineEscalated, at: int
) -> None:
    """Write into an event who is notified, and what the step is called."""
    event.officers.extend(recipients(uow, loader, event.unit, event.role, at))
    if event.step:
        event.step_title = _title(loader, state, event.step)


def desk_missed(
    uow: UnitOfWork, loader: CaseContextLoader, missed: DeskCheckMissed, at: int
) -> list[DeadlineEscalated]:
    """Return the escalations of a check that the desk missed, by the policy of its unit."""
    stages = loader.policies.of(missed.unit).of(CHECK)
    return [
        DeadlineEscalated(
            scope=DeadlineScope.DEADLINE_SCOPE_DESK_CHECK,
            due_at=missed.answer_due_at,
            escalation_level=stage.name,
            unit=unit,
            role=stage.role,
            number=number,
            officers=recipients(uow, loader, unit, stage.role, at),
            work_unit=missed.unit,
        )
        for number, stage in enumerate(stages, start=1)
        for unit in [unit_of(stage, missed.unit, missed.unit)]
    ]


def recipients(
    uow: UnitOfWork, loader: CaseContextLoader, unit: str, role: str, at: int
) -> list[str]:
    """List the ids of those who have a role in a unit at an instant, each once, in order; nobody
    without a directory.

    For who is away, by the directory or by ``DelegateWork``, it is the substitute who is told,
    unless that one is not there either.
    """
    people, day = loader.people, loader.day(at)
    if people is None:
        return []
    found = set()
    for officer in people.holders(unit, role, day):
        away = officer.absence(day)
        substitute = substitute_of(uow, officer.id, people.responsible_unit(unit, day), at)
        if away is None and not substitute:
            found.add(officer.id)
            continue
        substitute = substitute or (away.substitute if away else "")
        if substitute and people.is_present(substitute, day):
            found.add(substitute)
    return sorted(found)


def _title(loader: CaseContextLoader, state: State, step: str) -> str:
    try:
        return loader.processes.get(state.process, state.version).step(step).title.vi
    except (UnknownProcess, LookupError):
        return ""
