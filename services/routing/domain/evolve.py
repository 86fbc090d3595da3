"""What each of routing's own events changes in what is known of a case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseMoved,
    CaseOpened,
    CasePulledBack,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    HistoryImported,
    StepAssigned,
    StepCompleted,
    StepOpened,
    StepRecorded,
    StepSentBack,
    SupplementExpired,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.frozen_copy import replace
from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.envelope import payload_of
from office.worktime.deadline_basis import DeadlineBasis
from services.routing.domain import collaboration_evolve as collaboration
from services.routing.domain.collaboration_state import Work
from services.routing.domain.due_dates import (
    Cause,
    DueDate,
    cause_in,
    counted_limit,
    first_action_in,
    in_place_of,
    limit_in,
    relaid,
)
from services.routing.domain.state import (
    CaseStatus,
    Ending,
    Extension,
    Opening,
    State,
    resumed_at,
    suspension_in,
)

_CONSULTATION = DeadlineScope.DEADLINE_SCOPE_CONSULTATION
_SUSPENSION = DeadlineScope.DEADLINE_SCOPE_SUSPENSION
_TIMER = DeadlineScope.DEADLINE_SCOPE_TIMER
_OFFICER = ActorKind.ACTOR_KIND_OFFICER


def evolve(state: State, event: Event) -> State:
    """Take one of routing's own events into account; one that is not known changes nothing."""
    payload = payload_of(event)
    change = _CHANGES.get(type(payload))
    return state if change is None else change(state, payload, event)


def _opened(state: State, payload: Any, event: Event) -> State:
    cause = cause_in(event)
    limit = counted_limit(payload, cause)
    opened = replace(
        state,
        status=CaseStatus.RUNNING,
        process=payload.process,
        version=payload.process_version,
        dossier_limit=limit,
        same_day=payload.same_day,
        imported=payload.imported,
        opening=Opening(to_us(event.occurred_at), None if limit is None else limit.due_at),
    )
    return _enter(opened, payload.current, cause)


def _enter(
    state: State,
    current: CurrentStep,
    cause: Cause,
    work: Work | None = None,
    done: tuple[str, ...] | None = None,
) -> State:
    """Make a step current, with no assignee; ``work`` and ``done`` are as the event leaves them."""
    return replace(
        state,
        step=current.step,
        unit=current.unit,
        role=current.role,
        assignee="",
        done=state.done if done is None else done,
        step_limit=counted_limit(current, cause),
        first_action=first_action_in(current, cause),
        work=collaboration.entered(work or state.work, current, cause),
    )


def _assigned(state: State, payload: Any, event: Event) -> State:
    # The sender may say to whom it goes; anybody else who does so has seen it.
    work = state.work
    if work.opened_by:
        work = replace(work, opened_by="")
    if event.actor.id != work.moved_by:
        work = collaboration.touched(work, event)
    return replace(state, assignee=payload.assignee, first_action=None, work=work)


def _looked(state: State, _payload: Any, event: Event) -> State:
    return replace(state, first_action=None, work=replace(state.work, opened_by=event.actor.id))


def _shared(change: collaboration.Change) -> Callable[[State, Any, Event], State]:
    return lambda state, payload, event: replace(state, work=change(state, payload, event))


def _completed(state: State, payload: Any, event: Event) -> State:
    work = collaboration.stated(collaboration.left(state, event), payload.facts)
    done = (*state.done, payload.step)
    return _enter(state, payload.next, cause_in(event), work, done)


def _sent_back(state: State, payload: Any, event: Event) -> State:
    work = collaboration.sent_back(collaboration.left(state, event))
    done = state.before(payload.next.step)
    return _enter(state, payload.next, cause_in(event), work, done)


def _pulled_back(state: State, payload: Any, event: Event) -> State:
    gone = state.work.left
    if gone is None:
        return _enter(state, payload.next, cause_in(event))
    work = replace(state.work, left=None, moved_by=event.actor.id)
    back = _enter(state, payload.next, cause_in(event), work, gone.done)
    limit = back.step_limit
    if limit is not None:
        limit = replace(
            limit,
            warned=payload.warned,
            missed=payload.missed,
            levels_notified=payload.levels_notified,
        )
    return replace(back, assignee=payload.assignee, step_limit=limit)


def _moved_over(state: State, payload: Any, event: Event) -> State:
    work = replace(
        state.work,
        left=None,
        timers=collaboration.timers_in(payload.current),
        timers_cause=cause_in(event),
        national_state=payload.current.national_state,
    )
    return replace(
        state,
        process=payload.process,
        version=payload.process_version,
        role=payload.current.role,
        work=work,
    )


def _asked(state: State, payload: Any, event: Event) -> State:
    return replace(_suspended(state, payload, event), round=payload.round)


def _suspended(state: State, _payload: Any, event: Event) -> State:
    work = collaboration.touched(state.work, event)
    since = suspension_in(event)
    return replace(
        state, status=CaseStatus.SUSPENDED, suspension=since, first_action=None, work=work
    )


def _resumed(state: State, payload: Any, event: Event) -> State:
    at, cause = resumed_at(event), cause_in(event)
    promise, step_limit = limit_in(payload, cause), counted_limit(payload.current, cause)
    return replace(
        state,
        status=CaseStatus.RUNNING,
        suspension=None,
        first_action=first_action_in(payload.current, cause),
        dossier_limit=_moved(state.dossier_limit, promise, payload, at),
        step_limit=_moved(state.step_limit, step_limit, payload, at),
        work=collaboration.resumed(state.work, payload, cause),
    )


def _moved(old: DueDate | None, new: DueDate | None, payload: Any, at: int) -> DueDate | None:
    """Keep what was said of a due date that moved, as far as it is true of the new one."""
    if new is None:
        return None
    if payload.restarted:
        new = new if new.basis else replace(new, basis=_restarted(payload))
        # A signed date may hold once more: of that everything was said as it stands.
        return in_place_of(old, new, at) if old and old.due_at == new.due_at else new
    if old is None:
        return new
    basis = old.basis and _paused(old.basis, payload)
    return in_place_of(old, replace(new, basis=basis), at)


def _restarted(payload: Any) -> DeadlineBasis | None:
    """Return the basis of a promise that was made anew."""
    at = instant_in(payload, "resumed_at")
    if at is None or not payload.time_limit:
        return None
    return DeadlineBasis(
        at,
        payload.time_limit,
        payload.calendar_version,
        same_day=payload.same_day,
        not_before=instant_in(payload, "extended_due_at"),
    )


def _paused(basis: DeadlineBasis, payload: Any) -> DeadlineBasis | None:
    """Add the pause; without the instant of the resumption the basis is lost."""
    resumed_at = instant_in(payload, "resumed_at")
    if resumed_at is None:
        return None
    return basis.with_pause((to_us(payload.suspended_at), resumed_at), payload.calendar_version)


def _extended(state: State, payload: Any, event: Event) -> State:
    return replace(
        state,
        dossier_limit=limit_in(payload, cause_in(event)),
        extended_to=instant_in(payload, "due_at"),
        extension=Extension(to_us(event.occurred_at), payload.apology_number),
    )


def _resolved(state: State, payload: Any, event: Event) -> State:
    officer = event.actor.kind == _OFFICER
    work = replace(
        state.work,
        result_number=payload.result_number,
        explanation=payload.explanation,
        resolved_by=event.actor.id if officer else "",
    )
    ending = Ending(to_us(event.occurred_at), payload.result, payload.file_sha256)
    return replace(state, status=CaseStatus.RESOLVED, suspension=None, work=work, ending=ending)


def _withdrawn(state: State, _payload: Any, event: Event) -> State:
    ending = Ending(to_us(event.occurred_at))
    return replace(state, status=CaseStatus.WITHDRAWN, suspension=None, ending=ending)


def _declined(state: State, _payload: Any, _event: Event) -> State:
    return replace(state, declined=state.declined + 1)


def _closed(state: State, payload: Any, event: Event) -> State:
    ending = Ending(to_us(event.occurred_at), reason=payload.reason, suspension=state.suspension)
    return replace(state, status=CaseStatus.CLOSED, suspension=None, ending=ending)


def _reopened(state: State, _payload: Any, _event: Event) -> State:
    """Undo a closing; that the clock goes on is an event of its own."""
    if state.status is not CaseStatus.CLOSED or state.ending is None:
        return state
    suspension = state.ending.suspension
    return replace(state, status=CaseStatus.SUSPENDED, suspension=suspension, ending=None)


def _approaching(state: State, payload: Any, _event: Event) -> State:
    return _with(state, payload, lambda limit: replace(limit, warned=True))


def _missed(state: State, payload: Any, _event: Event) -> State:
    return _with(state, payload, lambda limit: replace(limit, warned=True, missed=True))


def _expired(state: State, _payload: Any, event: Event) -> State:
    return _missed(state, _EXPIRED, event)


def _escalated(state: State, payload: Any, _event: Event) -> State:
    return _with(state, payload, lambda limit: replace(limit, levels_notified=payload.number))


def _with(state: State, payload: Any, change: Callable[[DueDate], DueDate]) -> State:
    """Change what is known of the due date that a message is about; there may be none."""
    scope = payload.scope
    if scope == _CONSULTATION:
        asked = state.work.question(payload.consultation)
        if asked is None or not asked.open:
            return state
        return replace(state, work=state.work.limited(payload.consultation, change))
    if scope == _SUSPENSION:
        suspension = state.suspension
        if suspension is None or suspension.end is None:
            return state
        return replace(state, suspension=replace(suspension, end=change(suspension.end)))
    name = _LIMITS.get(scope)
    limit = None if name is None else getattr(state, name)
    return state if name is None or limit is None else replace(state, **{name: change(limit)})


_LIMITS = {
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: "dossier_limit",
    DeadlineScope.DEADLINE_SCOPE_STEP: "step_limit",
    DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION: "first_action",
}
"""The fields of a state that hold one due date, by its scope."""
_EXPIRED = DeadlineMissed(scope=_SUSPENSION)


def _recalculated(state: State, payload: Any, event: Event) -> State:
    if payload.scope == _TIMER:
        return replace(state, work=collaboration.relaid(state.work, payload, event))
    return _with(state, payload, lambda limit: relaid(limit, payload, event))


def _recorded(state: State, _payload: Any, _event: Event) -> State:
    return replace(state, recorded=state.recorded + 1)


def _history(state: State, _payload: Any, _event: Event) -> State:
    return replace(state, complete=True)


_CHANGES: dict[type[Message | None], Callable[[State, Any, Event], State]] = {
    CaseOpened: _opened,
    StepAssigned: _assigned,
    StepCompleted: _completed,
    StepSentBack: _sent_back,
    StepOpened: _looked,
    CasePulledBack: _pulled_back,
    CaseMoved: _moved_over,
    SupplementRequested: _asked,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    CaseResolved: _resolved,
    CaseWithdrawn: _withdrawn,
    WithdrawalDeclined: _declined,
    CaseClosed: _closed,
    CaseReopened: _reopened,
    DeadlineExtended: _extended,
    DeadlineApproaching: _approaching,
    DeadlineMissed: _missed,
    DeadlineRecalculated: _recalculated,
    DeadlineEscalated: _escalated,
    SupplementExpired: _expired,
    StepRecorded: _recorded,
    HistoryImported: _history,
    **{name: _shared(change) for name, change in collaboration.CHANGES.items()},
}
