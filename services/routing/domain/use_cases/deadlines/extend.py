"""The promised date is moved with an apology: once, in time, and signed by a leader."""

from __future__ import annotations

from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended
from motcua.routing.v1.routing_pb2 import ExtendDeadlineRequest

from kernel.base.errors import Refusal
from kernel.base.instants import to_us
from office.worktime import working_time
from office.worktime.durations import Duration
from services.routing.domain.context import Decision, DecisionContext, limit, of_dossier, set_limit
from services.routing.domain.guards import open_case
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import CaseStatus, State

AT_LEAST_BEFORE = Duration.parse("1wd")


def extend(state: State, command: ExtendDeadlineRequest, context: DecisionContext) -> Decision:
    """Move the promised date; the one promised first stays on record beside it.

    Whoever asks signs: the table of permissions lets in leaders of the unit that answers for the
    dossier, and of those above it. A working day before the due date at the latest; and only once
    for a dossier.
    """
    if refused := _unfit(state, context) or _untimely(state, command, context):
        return refused
    new = to_us(command.due_at)
    extended = DeadlineExtended(
        previous_due_at=command.previous_due_at,
        reason=command.reason,
        apology_number=command.apology_number,
        apology=command.apology,
        signer=context.actor.id,
        signer_unit=context.actor.unit,
        signer_title=command.signer_title,
        calendar_version=context.calendar.version,
    )
    set_limit(extended, limit(context, of_dossier(context), context.at, new))
    return [extended]


def _unfit(state: State, context: DecisionContext) -> Refusal | None:
    if refused := open_case(state):
        return refused
    if state.dossier_limit is None:
        return refusal("NO_DUE_DATE")
    if state.status is CaseStatus.SUSPENDED:
        return refusal("CASE_SUSPENDED")
    return refusal("ALREADY_EXTENDED") if state.extended_to is not None else None


def _untimely(
    state: State, command: ExtendDeadlineRequest, context: DecisionContext
) -> Refusal | None:
    old = state.dossier_limit
    assert old is not None
    new = to_us(command.due_at)
    if to_us(command.previous_due_at) != old.due_at:
        return refusal("DUE_DATE_CHANGED")
    if context.at > working_time.latest_day_before(context.calendar, old.due_at, AT_LEAST_BEFORE):
        return refusal("EXTENSION_TOO_LATE")
    if new <= old.due_at:
        return refusal("NEW_DATE_NOT_LATER")
    # Both ends of a session belong to it: leaders sign dates such as 07:00 and 17:00.
    if not working_time.working_us(context.calendar, new - 1, new + 1):
        return refusal("NEW_DATE_NOT_WORKED")
    return None
