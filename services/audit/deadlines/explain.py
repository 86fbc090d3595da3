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
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.envelope import payload_of, payload_type
from office.worktime import working_time
from office.worktime.deadline_basis import DeadlineBasis
from office.worktime.durations import Duration
from services.audit.deadlines import resumption, secondary_deadlines, step_deadlines
from services.audit.deadlines.explanation import (
    OTHER_DATE,
    Agreement,
    CalendarOf,
    DeadlineExplanation,
    Line,
    computed,
    counting,
    wrong,
)
from services.audit.wording.formatting import Text

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
        text = ("Hẹn trả do hệ thống khác đặt", "The date was promised by another system")
        yield Line(event, text if due is not None else ("Không có hạn trả", "No due date"), due)
        return
    text = (
        f"Bắt đầu tính: {said.time_limit}" + (", trong ngày" if said.same_day else ""),
        f"The clock starts: {said.time_limit}" + (", within the day" if said.same_day else ""),
    )

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
    vi, en = line.text
    line = replace(line, text=(f"{vi}, giai đoạn {words}", f"{en}, phases {words}"))
    ends = {span.phase: span.stretch.to_at for span in line.spans}
    recorded = {n: to_us(phase.due_at) for n, phase in enumerate(said.phases, start=1)}
    if line.agreement is Agreement.UNKNOWN or ends == recorded:
        return line
    return wrong(line, ("hạn của một giai đoạn khác", "a phase is due at another time"))


_GROUNDS: Final[dict[int, Text]] = {
    1: ("chờ bổ sung giấy tờ", "papers are awaited"),
    2: ("chờ nộp phí, lệ phí", "payment is awaited"),
    3: ("xin ý kiến", "an opinion is awaited"),
    4: ("dừng xử lý, chờ bên thứ ba", "a third party is awaited"),
}


def _suspended(
    told: DeadlineExplanation, event: Event, said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    asked = isinstance(said, SupplementRequested)
    vi, en = _GROUNDS.get(1 if asked else said.kind, ("tạm dừng", "suspended"))
    late = told.due_at is not None and to_us(event.occurred_at) > told.due_at
    text = (
        f"Dừng tính hạn: {vi}" + (" (khi đã quá hạn)" if late else ""),
        f"The clock stops: {en}" + (" (already late)" if late else ""),
    )
    yield Line(event, text, told.due_at)


def _extended(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Nothing is computed: a leader chose the date. Whether the rules were kept can be told."""
    previous, due = told.due_at, instant_in(said, "due_at")
    told.due_at, told.course, told.extended_to = due, None, due
    signer = f"{said.signer_title} {said.signer} ({said.signer_unit})".strip()
    text = (
        f"Gia hạn, phiếu xin lỗi {said.apology_number}, {signer} ký",
        f"Extended, apology {said.apology_number} signed by {signer}",
    )
    version = said.calendar_version
    calendar = calendar_of(version)
    line = Line(event, text, due, calendar_version=version, agreement=Agreement.UNKNOWN)
    if calendar is not None and previous is not None:
        latest = working_time.latest_day_before(calendar, previous, EXTENSION_LEAD)
        late = to_us(event.occurred_at) > latest
        vi, en = text
        text = (
            f"{vi}; đúng hạn: {'không' if late else 'có'}",
            f"{en}; in time: {'NO' if late else 'yes'}",
        )
        line = Line(event, text, due, calendar_version=version, agreement=Agreement.SAME)
        if late:
            problem = ("muộn hơn một ngày làm việc trước hạn", "less than a working day before")
            line = wrong(line, problem)
    if instant_in(said, "previous_due_at") != previous:
        line = wrong(line, OTHER_DATE)
    yield line


_PROMISED: Final = (DeadlineScope.DEADLINE_SCOPE_DOSSIER, DeadlineScope.DEADLINE_SCOPE_STEP)


def _recalculated(
    told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """A calendar has changed: the same course gives another date."""
    if said.scope not in _PROMISED:
        yield from secondary_deadlines.recalculated(told, event, said, calendar_of)
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
        line = wrong(line, OTHER_DATE)
    yield line


def _resolved(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    at, due = to_us(event.occurred_at), told.due_at
    if due is None or at == due:
        text = ("Xử lý xong: đúng hạn", "Resolved: on time")
    elif at < due:
        text = ("Xử lý xong: trước hạn", "Resolved: before the due date")
    else:
        text = ("Xử lý xong: quá hạn", "Resolved: after the due date")
    yield Line(event, text, due)


def _returned(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    text = (
        "Đã trả kết quả; thời gian chờ người dân đến nhận không tính",
        "Result returned; the time until the citizen came does not count",
    )
    yield Line(event, text, told.due_at)


def _given_back(
    told: DeadlineExplanation, event: Event, _said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    yield Line(event, ("Kết thúc, không có kết quả", "Ended without a result"), told.due_at)


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
    DeadlineRecalculated: _recalculated,
    CaseResolved: _resolved,
    ResultReturned: _returned,
    CaseWithdrawn: _given_back,
    DossierWithdrawn: _given_back,
    CaseClosed: _given_back,
}
