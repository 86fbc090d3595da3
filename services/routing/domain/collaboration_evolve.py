"""What each event about shared work changes in what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import CaseCorrected
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildReopened,
    ChildRequested,
    ChildWithheld,
    ConsultationAnswered,
    ConsultationCancelled,
    ConsultationRequested,
    DocumentDrafted,
    DocumentReviewed,
    ParticipantChanged,
    WorkDelegated,
)
from motcua.routing.v1.officer_events_pb2 import DelegationEnded
from motcua.routing.v1.types_pb2 import DocumentKind, DocumentStage, Participation

from kernel.base.frozen_copy import replace
from kernel.base.instants import to_us
from office.worktime.deadline_basis import basis_from_message
from services.routing.domain.collaboration_state import (
    AskedUnit,
    ChildOf,
    Delegation,
    Draft,
    Left,
    StepTimer,
    UnitAnswer,
    Work,
)
from services.routing.domain.due_dates import Cause, cause_in, counted_limit
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.child_dossiers import WITHHELD

Change = Callable[[State, Any, Event], Work]


def entered(work: Work, current: Any, cause: Cause) -> Work:
    """Begin a step: nobody has looked at it yet."""
    return replace(
        work,
        opened_by="",
        first_action_by="",
        timers=timers_in(current),
        timers_cause=cause,
        national_state=current.national_state,
    )


def touched(work: Work, event: Event) -> Work:
    """Remember who was the first to do something at the current step."""
    return work if work.first_action_by else replace(work, first_action_by=event.actor.id)


def timers_in(current: Any) -> tuple[StepTimer, ...]:
    """Return the ways that are taken by themselves, with their instants."""
    return tuple(
        [
            StepTimer(timer.transition, to_us(timer.at), basis_from_message(timer), timer.back)
            for timer in current.timers
        ]
    )


def resumed(work: Work, payload: Any, cause: Cause) -> Work:
    """Take the instants of a ``CaseResumed``; those that only moved keep their basis."""
    before = {timer.name: timer.basis for timer in work.timers}
    pause = (to_us(payload.suspended_at), to_us(payload.resumed_at))
    timers = []
    for timer in timers_in(payload.current):
        basis = before.get(timer.name)
        if timer.basis is None and basis is not None:
            timer = replace(timer, basis=basis.with_pause(pause, payload.calendar_version))
        timers.append(timer)
    return replace(work, timers=tuple(timers), timers_cause=cause)


def relaid(work: Work, payload: Any, event: Event) -> Work:
    """Take the instants that a ``DeadlineRecalculated`` has recalculated; the bases stay."""
    at = {timer.transition: to_us(timer.at) for timer in payload.timers}
    timers = []
    for timer in work.timers:
        new = at.get(timer.name, timer.at)
        moved = new != timer.at and timer.basis is not None
        basis = (
            timer.basis.counted_by(payload.calendar_version)
            if moved and timer.basis
            else timer.basis
        )
        timers.append(replace(timer, at=new, basis=basis))
    return replace(work, timers=tuple(timers), timers_cause=cause_in(event))


def left(state: State, event: Event) -> Work:
    """Leave the current step: remember what it was, for the one who sent the case on."""
    work = state.work
    gone = Left(
        state.step,
        state.unit,
        state.assignee,
        state.step_limit,
        work.timers,
        work.national_state,
        state.done,
    )
    who = event.actor.id
    return replace(work, left=gone, moved_by=who, moved_at=to_us(event.occurred_at))


def sent_back(work: Work) -> Work:
    """Let the papers of a result count no longer: it is to be thought over."""
    if not work.drafts:
        return work
    drafts = (
        replace(each, sent_back=True) if each.kind == DocumentKind.DOCUMENT_KIND_RESULT else each
        for each in work.drafts
    )
    return replace(work, drafts=tuple(drafts))


def stated(work: Work, payload: Any) -> Work:
    """Keep what was stated of the case; the last word holds."""
    if not payload:
        return work
    facts = dict(work.facts) | {fact.name: fact.value for fact in payload}
    return replace(work, facts=tuple(sorted(facts.items())))


def _participant(state: State, payload: Any, _event: Event) -> Work:
    others = {o: p for o, p in state.work.participants if o != payload.officer}
    if payload.participation != Participation.PARTICIPATION_UNSPECIFIED:
        others[payload.officer] = payload.participation
    return replace(state.work, participants=tuple(sorted(others.items())))


def _requested(state: State, payload: Any, event: Event) -> Work:
    new = AskedUnit(
        payload.number,
        payload.name,
        payload.unit,
        payload.role,
        payload.step,
        payload.question,
        payload.waits,
        limit=counted_limit(payload, cause_in(event)),
        asked_by="" if payload.name else event.actor.id,
        asked_at=to_us(event.occurred_at),
    )
    work = replace(state.work, asked=(*state.work.asked, new))
    return work if payload.name else touched(work, event)


def _answered(state: State, payload: Any, event: Event) -> Work:
    answer = UnitAnswer(to_us(event.occurred_at), payload.opinion, payload.answer)
    return _closed(state.work, payload.number, answer=answer)


def _cancelled(state: State, payload: Any, event: Event) -> Work:
    at = to_us(event.occurred_at)
    work = _closed(state.work, payload.number, cancelled_at=at, cancelled_for=payload.reason)
    # Of the sender it is no act of the receiver.
    return work if event.actor.id == state.work.moved_by else touched(work, event)


def _closed(work: Work, number: int, **values: Any) -> Work:
    asked = tuple(
        replace(each, open=False, **values) if each.number == number else each
        for each in work.asked
    )
    return replace(work, asked=asked)


def _delegated(state: State, payload: Any, _event: Event) -> Work:
    new = Delegation(
        payload.officer, payload.substitute, to_us(payload.begins_at), to_us(payload.ends_at)
    )
    return replace(state.work, delegations=(*state.work.delegations, new))


def _delegation_ended(state: State, payload: Any, event: Event) -> Work:
    at, who = to_us(event.occurred_at), (payload.officer, payload.substitute)
    delegations = tuple(
        each.ended(payload.unit, at)
        if (each.officer, each.substitute) == who and each.active(at, payload.unit)
        else each
        for each in state.work.delegations
    )
    return replace(state.work, delegations=delegations)


def _drafted(state: State, payload: Any, event: Event) -> Work:
    new = Draft(
        payload.number, payload.kind, payload.sha256, event.actor.id, payload.result, payload.round
    )
    return touched(replace(state.work, drafts=(*state.work.drafts, new)), event)


def _judged(state: State, payload: Any, event: Event) -> Work:
    drafts = tuple(
        _stamped(each, payload, event.actor.id) if each.number == payload.number else each
        for each in state.work.drafts
    )
    return touched(replace(state.work, drafts=drafts), event)


def _stamped(draft: Draft, payload: Any, who: str) -> Draft:
    if not payload.approved:
        return replace(draft, refused=True)
    if payload.stage == DocumentStage.DOCUMENT_STAGE_REVIEW:
        return replace(draft, reviewed_by=who)
    return replace(draft, signed_by=who, document_number=payload.document_number)


def _corrected(state: State, payload: Any, _event: Event) -> Work:
    return replace(
        state.work,
        result_number=payload.result_number or state.work.result_number,
        explanation=payload.explanation or state.work.explanation,
    )


def _child(state: State, payload: Any, _event: Event) -> Work:
    new = ChildOf(payload.number, payload.name, payload.procedure_code, payload.step, payload.waits)
    return replace(state.work, children=(*state.work.children, new))


def _child_withheld(state: State, payload: Any, _event: Event) -> Work:
    new = ChildOf(
        payload.number, payload.name, payload.procedure_code, payload.step, False, WITHHELD
    )
    return replace(state.work, children=(*state.work.children, new))


def _child_ended(state: State, payload: Any, _event: Event) -> Work:
    return _with_ending(state.work, payload.number, payload.ending, payload.result_number)


def _child_reopened(state: State, payload: Any, _event: Event) -> Work:
    return _with_ending(state.work, payload.number, "", "")


def _with_ending(work: Work, number: int, ending: str, result_number: str) -> Work:
    children = tuple(
        replace(each, ending=ending, result_number=result_number) if each.number == number else each
        for each in work.children
    )
    return replace(work, children=children)


CHANGES: dict[type[Message], Change] = {
    ParticipantChanged: _participant,
    ConsultationRequested: _requested,
    ConsultationAnswered: _answered,
    ConsultationCancelled: _cancelled,
    WorkDelegated: _delegated,
    DelegationEnded: _delegation_ended,
    DocumentDrafted: _drafted,
    DocumentReviewed: _judged,
    CaseCorrected: _corrected,
    ChildRequested: _child,
    ChildWithheld: _child_withheld,
    ChildEnded: _child_ended,
    ChildReopened: _child_reopened,
}
