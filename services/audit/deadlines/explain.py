"""Why a due date is when it is: told from the events alone, and computed again from them.

Pure: the same events and calendars give the same lines. Each date is computed from what its own
event says (start, limit, pause, calendar version) and from the date before it, and compared with
the one recorded; nothing is taken from today's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecomputed
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
    Line,
    computed,
    counting,
    wrong,
)
from services.audit.wording.texts import TEXTS

EXTENSION_LEAD: Final = Duration.parse("1wd")


def explain(events: Iterable[Event], calendar_of: CalendarOf) -> DeadlineExplanation:
    """Explain the due dates of one dossier from its events, in the order of the log."""
    told = DeadlineExplanation()
    for event in events:
        kind = payload_type(event)
        tell = None if kind is None else _TELL.get(kind)
        if tell is not None:
            told.lines += tell(told, event, payload_of(event), calendar_of)
    return told


# -- one function for each event that has to do with due dates -------------------------------------


def _accepted(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    due = instant_in(said, "due_at")
    told.first_due_at = told.due_at = due
    told.time_limit = said.time_limit
    start = to_us(event.occurred_at)
    if said.time_limit in ("", "none") and not said.same_day:
        text = TEXTS.both("due.none" if due is None else "due.other_system")
        yield Line(event, text, due)
        return
    key = "due.begins.same_day" if said.same_day else "due.begins"
    text = TEXTS.both(key, limit=said.time_limit)
    version, same_day = said.calendar_version, said.same_day
    course = told.course = DeadlineBasis(start, said.time_limit, version, same_day=same_day)
    line = computed(
        event,
        text,
        due,
        said.calendar_version,
        calendar_of,
        counting(course),
        limit=said.time_limit,
    )
    yield _phased(line, said)


def _phased(line: Line, said: Any) -> Line:
    """Return the phases of a limit, and compare the due date recorded of each."""
    if not said.phases:
        return line
    limits = [phase.time_limit for phase in said.phases]
    words = "; ".join(f"{n}: {limit}" for n, limit in enumerate(limits, start=1))
    text = TEXTS.both("due.phases", text=FixedText(*line.text), phases=words)
    line = replace(line, text=text)
    ends = {span.phase: span.stretch.to_at for span in line.spans}
    recorded = {n: to_us(phase.due_at) for n, phase in enumerate(said.phases, start=1)}
    if line.agreement is Agreement.UNKNOWN or ends == recorded:
        return line
    return wrong(line, "phase")


def _suspended(
    told: DeadlineExplanation, event: Event, said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    asked = isinstance(said, SupplementRequested)
    ground = f"ground.{1 if asked else said.kind}"
    words = TEXTS.text(ground if ground in TEXTS else "ground.other")
    late = told.due_at is not None and to_us(event.occurred_at) > told.due_at
    text = TEXTS.both("due.stops.late" if late else "due.stops", ground=words)
    yield Line(event, text, told.due_at)


def _extended(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Nothing is computed: a leader chose the date. Whether the rules were kept can be told."""
    previous, due = told.due_at, instant_in(said, "due_at")
    told.due_at, told.course, told.extended_to = due, None, due
    signer = f"{said.signer_title} {said.signer} ({said.signer_unit})".strip()
    text = TEXTS.both("due.extended", number=said.apology_number, signer=signer)
    version = said.calendar_version
    calendar = calendar_of(version)
    line = Line(event, text, due, calendar_version=version, agreement=Agreement.UNKNOWN)
    if calendar is not None and previous is not None:
        latest = working_time.latest_day_before(calendar, previous, EXTENSION_LEAD)
        late = to_us(event.occurred_at) > latest
        key = "due.extended.late" if late else "due.extended.in_time"
        text = TEXTS.both(key, text=FixedText(*text))
        line = Line(event, text, due, calendar_version=version, agreement=Agreement.SAME)
        if late:
            line = wrong(line, "extension_late")
    if instant_in(said, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line


_PROMISED: Final = (DeadlineScope.DEADLINE_SCOPE_DOSSIER, DeadlineScope.DEADLINE_SCOPE_STEP)


def _recomputed(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """A calendar has changed: the same course gives another date."""
    if said.scope not in _PROMISED:
        yield from secondary_deadlines.recomputed(told, event, said, calendar_of)
        return
    of_step = said.scope == DeadlineScope.DEADLINE_SCOPE_STEP
    due = instant_in(said, "due_at")
    previous = told.step_due_at if of_step else told.due_at
    course = told.step_course if of_step else told.course
    if course is not None:
        course = course.counted_by(said.calendar_version)
    if of_step:
        told.step_due_at, told.step_course = due, course
    else:
        told.due_at, told.course = due, course
    text = secondary_deadlines.moved(said)
    line = Line(event, text, due, calendar_version=said.calendar_version, step=said.step)
    if course is not None:
        line = computed(
            event,
            text,
            due,
            said.calendar_version,
            calendar_of,
            counting(course),
            limit=course.time_limit,
            step=said.step,
        )
    if instant_in(said, "previous_due_at") != previous:
        line = wrong(line, "other_date")
    yield line


def _resolved(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    at, due = to_us(event.occurred_at), told.due_at
    if due is None or at == due:
        key = "due.resolved.on_time"
    else:
        key = "due.resolved.early" if at < due else "due.resolved.late"
    yield Line(event, TEXTS.both(key), due)


def _returned(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    yield Line(event, TEXTS.both("due.returned"), told.due_at)


def _given_back(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    yield Line(event, TEXTS.both("due.ended"), told.due_at)


Tell = Callable[[DeadlineExplanation, Event, Any, CalendarOf], Iterator[Line]]
_TELL: Final[dict[type[Message], Tell]] = {
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
    DeadlineRecomputed: _recomputed,
    CaseResolved: _resolved,
    ResultReturned: _returned,
    CaseWithdrawn: _given_back,
    DossierWithdrawn: _given_back,
    CaseClosed: _given_back,
}
