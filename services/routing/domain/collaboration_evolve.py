"""What each event about shared work changes in what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import CaseCorrected
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
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
    Work,
)
from services.routing.domain.due_dates import counted_limit
from services.routing.domain.state import State
from services.routing.domain.use_cases.collaboration.child_dossiers import WITHHELD

Change = Callable[[State, Any, Event], Work]


def entered(work: Work, current: Any) -> Work:
    """Begin a step: nobody has looked at it yet."""
    return replace(
        work,
        opened_by="",
        first_action_by="",
        timers=timers_in(current),
        national_state=current.national_state,
    )


def touched(work: Work, event: Event) -> Work:
    """Remember who was the first to do something at the current step."""
    return work if work.first_action_by else replace(work, first_action_by=event.actor.id)


def timers_in(current: Any) -> tuple[StepTimer, ...]:
    """Return the ways that are taken by themselves, with their instants."""
    return tuple(
        StepTimer(timer.transition, to_us(timer.at), basis_from_message(timer), timer.back)
        for timer in current.timers
    )


def resumed(work: Work, said: Any) -> Work:
    """Take the instants of a ``CaseResumed``; those that only moved keep their course."""
    before = {timer.name: timer.course for timer in work.timers}
    pause = (to_us(said.suspended_at), to_us(said.resumed_at))
    timers = []
    for timer in timers_in(said.current):
        course = before.get(timer.name)
        if timer.course is None and course is not None:
            timer = replace(timer, course=course.with_pause(pause, said.calendar_version))
        timers.append(timer)
    return replace(work, timers=tuple(timers))


def relaid(work: Work, said: Any) -> Work:
    """Take the instants that a ``DeadlineRecalculated`` has laid anew; the courses stay."""
    at = {timer.transition: to_us(timer.at) for timer in said.timers}
    timers = []
    for timer in work.timers:
        new = at.get(timer.name, timer.at)
        moved = new != timer.at and timer.course is not None
        course = (
            timer.course.counted_by(said.calendar_version)
            if moved and timer.course
            else timer.course
        )
        timers.append(replace(timer, at=new, course=course))
    return replace(work, timers=tuple(timers))


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
    drafts = (
        replace(each, sent_back=True) if each.kind == DocumentKind.DOCUMENT_KIND_RESULT else each
        for each in work.drafts
    )
    return replace(work, drafts=tuple(drafts))


def stated(work: Work, said: Any) -> Work:
    """Keep what was stated of the case; the last word holds."""
    facts = dict(work.facts) | {fact.name: fact.value for fact in said}
    return replace(work, facts=tuple(sorted(facts.items())))


def _participant(state: State, said: Any, _event: Event) -> Work:
    others = {o: p for o, p in state.work.participants if o != said.officer}
    if said.participation != Participation.PARTICIPATION_UNSPECIFIED:
        others[said.officer] = said.participation
    return replace(state.work, participants=tuple(sorted(others.items())))


def _requested(state: State, said: Any, event: Event) -> Work:
    new = AskedUnit(
        said.number,
        said.name,
        said.unit,
        said.role,
        said.step,
        said.question,
        said.waits,
        limit=counted_limit(said),
        asked_by="" if said.name else event.actor.id,
    )
    work = replace(state.work, asked=(*state.work.asked, new))
    return work if said.name else touched(work, event)


def _answered(state: State, said: Any, _event: Event) -> Work:
    return _closed(state.work, said.number)


def _cancelled(state: State, said: Any, event: Event) -> Work:
    work = _closed(state.work, said.number, said.reason)
    # Of the sender it is no act of the receiver.
    return work if event.actor.id == state.work.moved_by else touched(work, event)


def _closed(work: Work, number: int, cancelled_for: str = "") -> Work:
    asked = tuple(
        replace(each, open=False, cancelled_for=cancelled_for) if each.number == number else each
        for each in work.asked
    )
    return replace(work, asked=asked)


def _delegated(state: State, said: Any, _event: Event) -> Work:
    new = Delegation(said.officer, said.substitute, to_us(said.begins_at), to_us(said.ends_at))
    return replace(state.work, delegations=(*state.work.delegations, new))


def _delegation_ended(state: State, said: Any, event: Event) -> Work:
    at, who = to_us(event.occurred_at), (said.officer, said.substitute)
    delegations = tuple(
        each.ended(said.unit, at)
        if (each.officer, each.substitute) == who and each.active(at, said.unit)
        else each
        for each in state.work.delegations
    )
    return replace(state.work, delegations=delegations)


def _drafted(state: State, said: Any, event: Event) -> Work:
    new = Draft(said.number, said.kind, said.sha256, event.actor.id, said.result, said.round)
    return touched(replace(state.work, drafts=(*state.work.drafts, new)), event)


def _judged(state: State, said: Any, event: Event) -> Work:
    drafts = tuple(
        _stamped(each, said, event.actor.id) if each.number == said.number else each
        for each in state.work.drafts
    )
    return touched(replace(state.work, drafts=drafts), event)


def _stamped(draft: Draft, said: Any, who: str) -> Draft:
    if not said.approved:
        return replace(draft, refused=True)
    if said.stage == DocumentStage.DOCUMENT_STAGE_REVIEW:
        return replace(draft, reviewed_by=who)
    return replace(draft, signed_by=who, document_number=said.document_number)


def _corrected(state: State, said: Any, _event: Event) -> Work:
    return replace(
        state.work,
        result_number=said.result_number or state.work.result_number,
        explanation=said.explanation or state.work.explanation,
    )


def _child(state: State, said: Any, _event: Event) -> Work:
    new = ChildOf(said.number, said.name, said.procedure_code, said.step, said.waits)
    return replace(state.work, children=(*state.work.children, new))


def _child_withheld(state: State, said: Any, _event: Event) -> Work:
    new = ChildOf(said.number, said.name, said.procedure_code, said.step, False, WITHHELD)
    return replace(state.work, children=(*state.work.children, new))


def _child_ended(state: State, said: Any, _event: Event) -> Work:
    children = tuple(
        replace(each, ending=said.ending, result_number=said.result_number)
        if each.number == said.number
        else each
        for each in state.work.children
    )
    return replace(state.work, children=children)


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
}
