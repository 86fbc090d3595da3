"""Explanation of due dates, from the events alone; each is computed again and compared.

Pure: the same events and calendars give the same lines. Each date is computed from the deadline
basis in its own event (start, limit, pause, calendar version) and from the date before it, and
compared with the one recorded; nothing is taken from today's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierWithdrawn, ResultReturned
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CasePulledBack,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    StepCompleted,
    StepSentBack,
    SupplementRequested,
)
from motcua.routing.v1.collaboration_events_pb2 import ConsultationCancelled, ConsultationRequested
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.envelope import payload_of, payload_type
from kernel.messages.catalogue import FixedText
from office.worktime import working_time
from office.worktime.deadline_basis import DeadlineBasis
from office.worktime.durations import Duration
from services.audit.deadlines import resumption, secondary_deadlines, step_deadlines
from services.audit.deadlines.explanation import (
    Agreement,
    CalendarOf,
    DeadlineExplanation,
    ExplainedLine,
    Lines,
    wrong,
)
from services.audit.wording.texts import TEXTS, key_of_value

EXTENSION_LEAD: Final = Duration.parse("1wd")


def explain(events: Iterable[Event], calendar_of: CalendarOf) -> DeadlineExplanation:
    """Explain the due dates of one dossier from its events, in the order of the log."""
    explanation = DeadlineExplanation(calendar_of)
    for event in events:
        kind = payload_type(event)
        explainer = None if kind is None else _EXPLAINERS.get(kind)
        if explainer is not None:
            explanation.lines += explainer(explanation, event, payload_of(event))
    return explanation


# -- one function for each event that has to do with due dates -------------------------------------


def _accepted(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    due = instant_in(payload, "due_at")
    explanation.first_due_at = explanation.due_at = due
    explanation.time_limit = payload.time_limit
    start = to_us(event.occurred_at)
    if payload.time_limit in ("", "none") and not payload.same_day:
        text = TEXTS.both("due.none" if due is None else "due.other_system")
        yield ExplainedLine(event, text, due)
        return
    key = "due.begins.same_day" if payload.same_day else "due.begins"
    text = TEXTS.both(key, limit=payload.time_limit)
    version, same_day = payload.calendar_version, payload.same_day
    basis = explanation.basis = DeadlineBasis(start, payload.time_limit, version, same_day=same_day)
    yield _phased(explanation.by_basis(event, text, due, basis), payload)


def _phased(line: ExplainedLine, payload: Any) -> ExplainedLine:
    """Return the phases of a limit, and compare the due date recorded of each."""
    if not payload.phases:
        return line
    limits = [phase.time_limit for phase in payload.phases]
    words = "; ".join(f"{n}: {limit}" for n, limit in enumerate(limits, start=1))
    text = TEXTS.both("due.phases", text=FixedText(*line.text), phases=words)
    line = replace(line, text=text)
    ends = {span.phase: span.stretch.to_at for span in line.spans}
    recorded = {n: to_us(phase.due_at) for n, phase in enumerate(payload.phases, start=1)}
    if line.agreement is Agreement.UNKNOWN or ends == recorded:
        return line
    return wrong(line, "phase")


def _suspended(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    ground = "SUSPENSION_KIND_SUPPLEMENT"
    if not isinstance(payload, SupplementRequested):
        ground = key_of_value(payload, "kind", "SUSPENSION_KIND_UNSPECIFIED")
    late = explanation.due_at is not None and to_us(event.occurred_at) > explanation.due_at
    text = TEXTS.both("due.stops.late" if late else "due.stops", ground=TEXTS.text(ground))
    yield ExplainedLine(event, text, explanation.due_at)


def _extended(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain an extension: a leader chose the date, so only the rules for it are checked."""
    previous, due = explanation.due_at, instant_in(payload, "due_at")
    explanation.due_at, explanation.basis, explanation.extended_to = due, None, due
    signer = f"{payload.signer_title} {payload.signer} ({payload.signer_unit})".strip()
    text = TEXTS.both("due.extended", number=payload.apology_number, signer=signer)
    version = payload.calendar_version
    calendar = explanation.calendar_of(version)
    line = ExplainedLine(event, text, due, calendar_version=version, agreement=Agreement.UNKNOWN)
    if calendar is not None and previous is not None:
        latest = working_time.latest_day_before(calendar, previous, EXTENSION_LEAD)
        late = to_us(event.occurred_at) > latest
        key = "due.extended.late" if late else "due.extended.in_time"
        text = TEXTS.both(key, text=FixedText(*text))
        line = ExplainedLine(event, text, due, calendar_version=version, agreement=Agreement.SAME)
        if late:
            line = wrong(line, "extension_late")
    if instant_in(payload, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line


_PROMISED: Final = (DeadlineScope.DEADLINE_SCOPE_DOSSIER, DeadlineScope.DEADLINE_SCOPE_STEP)


def _recalculated(explanation: DeadlineExplanation, event: Event, payload: Any) -> Lines:
    """Explain a recalculation: by another calendar, the same basis gives another date."""
    if payload.scope not in _PROMISED:
        yield from secondary_deadlines.recalculated(explanation, event, payload)
        return
    of_step = payload.scope == DeadlineScope.DEADLINE_SCOPE_STEP
    due = instant_in(payload, "due_at")
    previous = explanation.step_due_at if of_step else explanation.due_at
    basis = explanation.step_basis if of_step else explanation.basis
    if basis is not None:
        basis = basis.counted_by(payload.calendar_version)
    if of_step:
        explanation.step_due_at, explanation.step_basis = due, basis
    else:
        explanation.due_at, explanation.basis = due, basis
    line = secondary_deadlines.line(explanation, event, payload, basis, payload.step)
    if instant_in(payload, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line


def _resolved(explanation: DeadlineExplanation, event: Event, _payload: Any) -> Lines:
    at, due = to_us(event.occurred_at), explanation.due_at
    if due is None or at == due:
        key = "due.resolved.on_time"
    else:
        key = "due.resolved.early" if at < due else "due.resolved.late"
    yield ExplainedLine(event, TEXTS.both(key), due)


def _returned(explanation: DeadlineExplanation, event: Event, _payload: Any) -> Lines:
    yield ExplainedLine(event, TEXTS.both("due.returned"), explanation.due_at)


def _ended_without_result(explanation: DeadlineExplanation, event: Event, _payload: Any) -> Lines:
    yield ExplainedLine(event, TEXTS.both("due.ended"), explanation.due_at)


Explainer = Callable[[DeadlineExplanation, Event, Any], Lines]
_EXPLAINERS: Final[dict[type[Message], Explainer]] = {
    DossierAccepted: _accepted,
    CaseOpened: step_deadlines.opened,
    StepCompleted: step_deadlines.moved_on,
    StepSentBack: step_deadlines.moved_on,
    CasePulledBack: step_deadlines.pulled_back,
    ConsultationRequested: secondary_deadlines.asked,
    ConsultationCancelled: secondary_deadlines.cancelled,
    SupplementRequested: _suspended,
    CaseSuspended: _suspended,
    CaseResumed: resumption.resumed,
    DeadlineExtended: _extended,
    DeadlineRecalculated: _recalculated,
    CaseResolved: _resolved,
    ResultReturned: _returned,
    CaseWithdrawn: _ended_without_result,
    DossierWithdrawn: _ended_without_result,
    CaseClosed: _ended_without_result,
}
