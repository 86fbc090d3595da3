"""The clock of a case stands still, and goes on by the procedure's policy."""

from __future__ import annotations

from typing import Any

from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseResumed, CaseSuspended
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import SuspensionKind

from kernel.base.instants import MINUTE, instant_in, to_timestamp
from office.worktime import working_time
from office.worktime.deadline_basis import DeadlineBasis, Pause, due_after_pause
from office.worktime.durations import Duration
from office.worktime.warning_rule import WarningRule, warn_at
from office.worktime.working_time import ResumePolicy
from services.routing.domain.collaboration_state import StepTimer
from services.routing.domain.context import (
    Decision,
    DecisionContext,
    Target,
    enter,
    of_dossier,
    of_step,
    set_first_action,
    set_limit,
)
from services.routing.domain.due_date_calculation import lay, shifted
from services.routing.domain.due_dates import DueDate
from services.routing.domain.guards import at_step, may_work
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State

SUPPLEMENT = SuspensionKind.SUSPENSION_KIND_SUPPLEMENT
FINANCIAL = SuspensionKind.SUSPENSION_KIND_FINANCIAL
_FIRST_ACTION = (
    "first_action_due_at",
    "first_action_warn_at",
    "first_action_limit",
    "first_action_started_at",
)
END_WARNING = WarningRule(lead=Duration.parse("2wd"))
"""How long before the end of a suspension is warned of it."""


def request_payment(
    state: State, command: pb.RequestPaymentRequest, context: DecisionContext
) -> Decision:
    """Ask for money and stop the clock; the amounts are whole đồng, one of them above 0."""
    suspended = CaseSuspended(kind=FINANCIAL, reason=command.reason, payment=command.payment)
    outcome = _suspend(state, command, context, suspended)
    phi, le_phi = command.payment.phi, command.payment.le_phi
    if isinstance(outcome, list) and (min(phi, le_phi) < 0 or phi + le_phi <= 0):
        return refusal("NOTHING_TO_PAY")
    return outcome


def stop(state: State, command: pb.SuspendCaseRequest, context: DecisionContext) -> Decision:
    """Stop the clock while somebody outside the unit is waited for."""
    suspended = CaseSuspended(
        kind=command.kind, reason=command.reason, counterpart=command.counterpart
    )
    return _suspend(state, command, context, suspended)


def _suspend(
    state: State, command: Any, context: DecisionContext, suspended: CaseSuspended
) -> Decision:
    if refused := may_work(state, command.step, context):
        return refused
    end = instant_in(command, "expected_end_at")
    if end is not None:
        if end <= context.at:
            return refusal("END_PAST")
        suspended.expected_end_at.CopyFrom(to_timestamp(end))
        warn_of_end(suspended, context, end)
    return [suspended]


def warn_of_end(message: Any, context: DecisionContext, end: int) -> None:
    """Write when a warning of a suspension's end is to be raised, and by which calendar."""
    message.calendar_version = context.calendar.version
    warning = warn_at(context.calendar, END_WARNING, context.at, end)
    if warning is not None:
        message.warn_at.CopyFrom(to_timestamp(warning))


def confirm_payment(
    state: State, command: pb.ConfirmPaymentRequest, context: DecisionContext
) -> Decision:
    """Let the clock go on when what was asked for has been paid, neither more nor less."""
    if refused := at_step(state, command.step, context):
        return refused
    suspension = state.suspension
    if suspension is None or suspension.kind != FINANCIAL:
        return refusal("NO_PAYMENT_REQUESTED")
    if (command.paid.phi, command.paid.le_phi) != (suspension.phi, suspension.le_phi):
        return refusal("AMOUNT_DIFFERS", phi=suspension.phi, le_phi=suspension.le_phi)
    return [go_on(state, context, paid=command.paid, receipt_number=command.receipt_number)]


def resume(state: State, command: pb.ResumeCaseRequest, context: DecisionContext) -> Decision:
    """Let the clock go on at an officer's word; papers that were asked for must come."""
    if refused := at_step(state, command.step, context):
        return refused
    if state.status is not CaseStatus.SUSPENDED or state.suspension is None:
        return refusal("NOT_SUSPENDED")
    if state.suspension.kind == SUPPLEMENT:
        return refusal("WAITS_FOR_PAPERS")
    return [go_on(state, context, reason=command.reason)]


def go_on(state: State, context: DecisionContext, **fields: Any) -> CaseResumed:
    """Let the clock of a suspended case go on from ``context.at``, by the procedure's policy.

    A promise that had passed before the clock was stopped is not made anew: the remainder is kept
    whatever the policy, so that nobody stops a clock to wash a lateness off.
    """
    since = context.at if state.suspended_at is None else state.suspended_at
    # Two machines' clocks may disagree: nothing is answered before it is asked for.
    at = max(context.at, since)
    old = state.dossier_limit
    late = old is not None and since > old.due_at
    restart = context.resume_policy is ResumePolicy.RESTART
    resumed = CaseResumed(
        suspended_at=to_timestamp(since),
        resumed_at=to_timestamp(at),
        waited_working_minutes=working_time.working_us(context.calendar, since, at) // MINUTE,
        calendar_version=context.calendar.version,
        restarted=restart and not late,
        stays_late=restart and late,
        kind=state.suspension.kind if state.suspension else SUPPLEMENT,
        previous_due_at=None if old is None else to_timestamp(old.due_at),
        **fields,
    )
    if resumed.restarted:
        _restart(resumed, state, context, at)
    else:
        _keep(resumed, state, context, (since, at))
    return resumed


def _restart(resumed: CaseResumed, state: State, context: DecisionContext, at: int) -> None:
    """Count the limits anew; what a leader has signed is not taken back by that."""
    signed, length = state.extended_to, str(context.time_limit)
    basis = DeadlineBasis(
        at, length, context.calendar.version, same_day=state.same_day, not_before=signed
    )
    set_limit(resumed, lay(context, basis, of_dossier(context)))
    resumed.time_limit = length
    resumed.same_day = state.same_day
    if signed is not None:
        resumed.extended_due_at.CopyFrom(to_timestamp(signed))
        resumed.extension_holds = basis.is_held_by_promise(context.calendar)
    resumed.current.CopyFrom(enter(context.process.step(state.step), context, at, state))
    if _begun(state):
        for field in _FIRST_ACTION:
            resumed.current.ClearField(field)


def _begun(state: State) -> bool:
    """Return whether the step is somebody's: then nobody has to begin on it anew after a pause."""
    return bool(state.assignee or state.work.opened_by)


def _keep(resumed: CaseResumed, state: State, context: DecisionContext, pause: Pause) -> None:
    step = context.process.step(state.step)
    resumed.current.CopyFrom(CurrentStep(step=step.name, unit=state.unit, role=step.role))
    promised = _later(state.dossier_limit, of_dossier(context), context, pause)
    set_limit(resumed, promised)
    resumed.after_missed = _ahead_again(state.dossier_limit, promised, pause)
    due = _later(state.step_limit, of_step(context, step, state.unit), context, pause)
    set_limit(resumed.current, due)
    resumed.step_after_missed = _ahead_again(state.step_limit, due, pause)
    if not _begun(state):
        set_first_action(resumed.current, context, step, pause[1])
    resumed.current.national_state = step.national_state
    for timer in state.work.timers:
        later = _later_timer(timer, context, pause)
        resumed.current.timers.add(transition=timer.name, at=to_timestamp(later), back=timer.back)


def _ahead_again(old: DueDate | None, new: DueDate | None, pause: Pause) -> bool:
    """Return whether a date that had passed when the clock was stopped lies ahead now.

    The pause alone never brings that about: it adds what it has taken. A stop that was asked for in
    time and written after the watch had looked is no such case.
    """
    if old is None or new is None:
        return False
    return old.missed and old.due_at < pause[0] and new.due_at > max(pause)


def _later_timer(timer: StepTimer, context: DecisionContext, pause: Pause) -> int:
    if timer.basis is None:
        return shifted(DueDate(timer.at), context.calendar, pause).due_at
    # A case that was moved while its clock stood still has timers that begin within the pause.
    pause = (max(pause[0], timer.basis.start_at), max(pause))
    basis = timer.basis.with_pause(pause, context.calendar.version)
    later = due_after_pause(basis, context.calendar, timer.at, pause)
    assert later is not None, "a timer has an instant"
    return later


def _later(
    old: DueDate | None, target: Target, context: DecisionContext, pause: Pause
) -> DueDate | None:
    """Move a due date, its warning and its levels by the working time of a pause.

    All of it is counted by the calendar in force now: what has changed while the clock stood still
    counts from here on. A date that would have passed by that alone moves by the pause and no more,
    and takes its warning and its levels along.
    """
    if old is None:
        return None
    basis = old.basis and old.basis.with_pause(pause, context.calendar.version)
    due_at = due_after_pause(basis, context.calendar, old.due_at, pause)
    laid = None if basis is None else lay(context, basis, target)
    if laid is None or laid.due_at != due_at:
        return shifted(old, context.calendar, pause)
    return laid
