"""Due dates beside those of the dossier and its step: of questions, of the citizen's time to hand
in papers, of beginning on a step, and of ways that are taken by themselves. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.types_pb2 import DeadlineScope

from kernel.base.instants import instant_in
from office.worktime.deadline_basis import DeadlineBasis, basis_from_message
from services.audit.deadlines.explanation import (
    CalendarOf,
    DeadlineExplanation,
    Line,
    computed,
    counting,
)
from services.audit.wording.formatting import Text

_NAMES: Final[dict[int, Text]] = {
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: ("ngày hẹn trả", "the promised date"),
    DeadlineScope.DEADLINE_SCOPE_STEP: ("bước {0}", "step {0}"),
    DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION: ("nhận xử lý bước {0}", "time to begin on step {0}"),
    DeadlineScope.DEADLINE_SCOPE_TIMER: ("tự chuyển bước {0}", "timer of step {0}"),
    DeadlineScope.DEADLINE_SCOPE_CONSULTATION: ("trả lời ý kiến số {1}", "consultation {1}"),
    DeadlineScope.DEADLINE_SCOPE_SUSPENSION: ("nộp bổ sung", "time to hand in papers"),
}


def asked(
    _told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Tell until when a unit is to answer; nothing for a question without a limit."""
    course = basis_from_message(said)
    if course is None:
        return
    text = (
        f"Lấy ý kiến số {said.number}, {said.unit}: {said.time_limit}",
        f"Consultation {said.number} of {said.unit}: {said.time_limit}",
    )
    yield _line(event, text, said, said.step, course, calendar_of)


def cancelled(
    _told: DeadlineExplanation, event: Event, said: Any, _calendar_of: CalendarOf
) -> Iterator[Line]:
    """Tell that no answer is due any more; nothing for a question without a limit."""
    if not said.HasField("due_at"):
        return
    text = (
        f"Rút lại lần lấy ý kiến số {said.number}, {said.unit}: không còn hạn trả lời",
        f"Consultation {said.number} of {said.unit} is taken back: no answer is due any more",
    )
    yield Line(event, text, step=said.step)


def recalculated(
    _told: DeadlineExplanation, event: Event, said: Any, calendar_of: CalendarOf
) -> Iterator[Line]:
    """Return of a due date that a change of the calendar has moved; it names its own course."""
    text = moved(said)
    # The end of the citizen's time belongs to no step, and is told like one all the same: it is not
    # the promised date.
    step = said.step or "-"
    course = basis_from_message(said)
    if course is None:
        due = instant_in(said, "due_at")
        yield Line(event, text, due, calendar_version=said.calendar_version, step=step)
        return
    yield _line(event, text, said, step, course, calendar_of)


def moved(said: Any) -> Text:
    """Return which due date a change of the calendar has moved, and why it changed."""
    name_vi, name_en = _NAMES.get(said.scope, ("hạn khác", "another due date"))
    vi, en = (name.format(said.step, said.consultation) for name in (name_vi, name_en))
    return (
        f"Tính lại vì lịch thay đổi, {vi}: {said.reason}",
        f"The calendar changed, {en}: {said.reason}",
    )


def _line(
    event: Event,
    text: Text,
    said: Any,
    step: str,
    course: DeadlineBasis,
    calendar_of: CalendarOf,
) -> Line:
    return computed(
        event,
        text,
        instant_in(said, "due_at"),
        said.calendar_version,
        calendar_of,
        counting(course),
        limit=course.time_limit,
        step=step,
    )
