"""A calendar has changed: what is open is recalculated by the one in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated
from motcua.routing.v1.routing_pb2 import RecalculateDeadlinesRequest
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import to_timestamp
from office.worktime.deadline_basis import would_have_passed
from services.routing.domain.collaboration_state import StepTimer
from services.routing.domain.context import (
    Decision,
    DecisionContext,
    Target,
    of_consultation,
    of_dossier,
    of_first_action,
    of_step,
    set_limit,
    write_basis,
)
from services.routing.domain.due_date_calculation import lay
from services.routing.domain.due_dates import DueDate
from services.routing.domain.state import CaseStatus, State
from services.routing.domain.use_cases.deadlines.suspend import END_WARNING

_DOSSIER = DeadlineScope.DEADLINE_SCOPE_DOSSIER
_STEP = DeadlineScope.DEADLINE_SCOPE_STEP
_FIRST_ACTION = DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION
_TIMER = DeadlineScope.DEADLINE_SCOPE_TIMER
_SUSPENSION = DeadlineScope.DEADLINE_SCOPE_SUSPENSION
_CONSULTATION = DeadlineScope.DEADLINE_SCOPE_CONSULTATION


def recalculate(
    state: State, command: RecalculateDeadlinesRequest, context: DecisionContext
) -> Decision:
    """Recalculate what the calendar has set and is still open; nothing for what stays where it is.

    While the clock stands still what stands with it is not moved: it is counted anew when the clock
    goes on. Dates that another system promised, or that somebody set by hand, are not computed and
    stay. A date never moves to where it would have passed already: nobody is late by a decree that
    came afterwards. The citizen's time never gets shorter.
    """
    if not state.own or state.status not in (CaseStatus.RUNNING, CaseStatus.SUSPENDED):
        return []
    ways = _running if state.status is CaseStatus.RUNNING else _suspended
    moved = [*ways(state, context), *_questions(state, context)]
    for message in moved:
        message.reason = command.reason
    return list(moved)


def _running(state: State, context: DecisionContext) -> Iterator[DeadlineRecalculated]:
    step = context.process.step(state.step)
    if found := _moved(state.dossier_limit, of_dossier(context), context):
        found.scope = _DOSSIER
        yield found
    if found := _moved(state.step_limit, of_step(context, step, state.unit), context):
        found.scope, found.step = _STEP, state.step
        yield found
    if found := _moved(state.first_action, of_first_action(context, step, state.unit), context):
        found.scope, found.step = _FIRST_ACTION, state.step
        yield _counted(found, state.first_action, context)
    if found := _timers(state, context):
        found.scope, found.step = _TIMER, state.step
        yield found


def _suspended(state: State, context: DecisionContext) -> Iterator[DeadlineRecalculated]:
    end = None if state.suspension is None else state.suspension.end
    found = _moved(end, Target(END_WARNING, (), state.unit), context)
    if found is not None and _later(found):
        found.scope = _SUSPENSION
        yield _counted(found, end, context)


def _later(message: DeadlineRecalculated) -> bool:
    return message.due_at.ToNanoseconds() > message.previous_due_at.ToNanoseconds()


def _questions(state: State, context: DecisionContext) -> Iterator[DeadlineRecalculated]:
    for consultation in state.work.asked:
        if not consultation.open:
            continue
        if found := _moved(
            consultation.limit, of_consultation(context, consultation.unit), context
        ):
            found.scope, found.step, found.consultation = (
                _CONSULTATION,
                consultation.step,
                consultation.number,
            )
            yield _counted(found, consultation.limit, context)


def _moved(
    old: DueDate | None, target: Target, context: DecisionContext
) -> DeadlineRecalculated | None:
    """Lay a due date anew, with its warning and its levels."""
    version = context.calendar.version
    if old is None or old.basis is None or old.basis.calendar_version == version:
        return None
    new = lay(context, old.basis, target)
    if new is None or _stays(old.due_at, new.due_at, context):
        return None
    message = DeadlineRecalculated(
        previous_due_at=to_timestamp(old.due_at),
        calendar_version=version,
        previous_calendar_version=old.basis.calendar_version,
        after_missed=old.missed or context.at > old.due_at,
    )
    set_limit(message, new)
    return message


def _stays(old: int, new: int, context: DecisionContext) -> bool:
    return new == old or would_have_passed(old, new, context.at)


def _counted(
    message: DeadlineRecalculated, old: DueDate | None, context: DecisionContext
) -> DeadlineRecalculated:
    """Return from what a date was computed that no other event holds in full."""
    if old is not None and old.basis is not None:
        write_basis(message, old.basis.counted_by(context.calendar.version))
    return message


def _timers(state: State, context: DecisionContext) -> DeadlineRecalculated | None:
    """Lay the instants anew at which ways are taken by themselves; one event tells all of them."""
    before = state.work.timers
    after = [replace(timer, at=_instant(timer, context)) for timer in before]
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old.at != new.at]
    if not moved:
        return None
    old, new = min(moved, key=lambda pair: (pair[0].at, pair[0].name))
    message = DeadlineRecalculated(
        previous_due_at=to_timestamp(old.at),
        due_at=to_timestamp(new.at),
        calendar_version=context.calendar.version,
        previous_calendar_version=old.basis.calendar_version if old.basis else "",
    )
    for timer in after:
        message.timers.add(transition=timer.name, at=to_timestamp(timer.at), back=timer.back)
    return message


def _instant(timer: StepTimer, context: DecisionContext) -> int:
    if timer.basis is None or timer.basis.calendar_version == context.calendar.version:
        return timer.at
    new = timer.basis.due(context.calendar)
    return timer.at if new is None or _stays(timer.at, new, context) else new
