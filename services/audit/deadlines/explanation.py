"""The values of an explanation: lines, and dates computed again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from motcua.events.v1.event_pb2 import Event

from office.worktime.deadline_basis import DeadlineBasis, Pause, after_pause
from office.worktime.durations import DurationError, limit_of
from office.worktime.explanation import (
    ExplainedStretch,
    explained_limit,
    explained_same_day,
    explained_working_time,
)
from office.worktime.working_time import Calendar, NoWorkingTime, OutOfRange
from services.audit.wording.formatting import NOTHING, Text
from services.audit.wording.texts import TEXTS

CalendarOf = Callable[[str], Calendar | None]
"""Returns the calendar of a version that an event names; None when it is not available."""

Compute = Callable[[Calendar], tuple[int | None, tuple[ExplainedStretch, ...]]]
"""Returns a due date by a calendar, and the stretches that explain it."""


class Agreement(Enum):
    """Whether a date follows from the events."""

    NONE = "none"
    """There is nothing to compute."""
    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """The calendar is not available."""


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """The effect of one event on a due date; instants in microseconds UTC."""

    event: Event
    text: Text
    due_at: int | None = None
    computed_at: int | None = None
    agreement: Agreement = Agreement.NONE
    problem: Text = NOTHING
    calendar_version: str = ""
    time_limit: str = ""
    step: str = ""
    spans: tuple[ExplainedStretch, ...] = ()


Lines = Iterator[ExplainedLine]


@dataclass
class DeadlineExplanation:
    """A dossier's due dates, explained; of the step only the one that is current."""

    calendar_of: CalendarOf
    lines: list[ExplainedLine] = field(default_factory=list)
    first_due_at: int | None = None
    due_at: int | None = None
    time_limit: str = ""
    basis: DeadlineBasis | None = None
    """None for a date that a person or another system has set."""
    extended_to: int | None = None
    """The date that a leader has signed."""
    step: str = ""
    step_due_at: int | None = None
    step_basis: DeadlineBasis | None = None
    left_due_at: int | None = None
    left_basis: DeadlineBasis | None = None
    """Of the step that was left last: a pull back makes it current again."""

    @property
    def agreement(self) -> Agreement:
        """Return whether every date that follows from the events is the one recorded."""
        found = {line.agreement for line in self.lines}
        for worst in (Agreement.DIFFERS, Agreement.UNKNOWN, Agreement.SAME):
            if worst in found:
                return worst
        return Agreement.NONE

    def by_basis(
        self, event: Event, text: Text, due: int | None, basis: DeadlineBasis, step: str = ""
    ) -> ExplainedLine:
        """Compute a date again from its basis and compare it with the one recorded."""
        line = self.computed(event, text, due, basis.calendar_version, counting(basis), step)
        return replace(line, time_limit=basis.time_limit)

    def computed(
        self,
        event: Event,
        text: Text,
        due: int | None,
        version: str,
        compute: Compute,
        step: str = "",
    ) -> ExplainedLine:
        """Compute a date again and compare it with the one recorded."""
        line = ExplainedLine(event, text, due, calendar_version=version, step=step)
        calendar = self.calendar_of(version)
        if calendar is None:
            problem = TEXTS.both("problem.no_calendar", version=version)
            return replace(line, agreement=Agreement.UNKNOWN, problem=problem)
        try:
            found, spans = compute(calendar)
        except (DurationError, NoWorkingTime, OutOfRange) as fault:
            return wrong(line, "fault", fault=fault)
        line = replace(line, computed_at=found, spans=spans)
        if found != due:
            return wrong(line, "differs")
        return line if due is None else replace(line, agreement=Agreement.SAME)


def wrong(line: ExplainedLine, problem: str, **words: object) -> ExplainedLine:
    """Return a line with a problem, by the key of its text; the first problem is kept."""
    text = TEXTS.both(f"problem.{problem}", **words)
    first = text if line.problem == NOTHING else line.problem
    return replace(line, agreement=Agreement.DIFFERS, problem=first)


def counting(basis: DeadlineBasis) -> Compute:
    """Return the function that computes a due date from its basis."""
    return lambda calendar: (basis.due(calendar), spans_of(basis, calendar))


def spans_of(basis: DeadlineBasis, calendar: Calendar) -> tuple[ExplainedStretch, ...]:
    """List the stretches up to the due date.

    Those of the limit, those from its end to a later date of a signed extension, then those of each
    pause.
    """
    at, held = basis.limit_due(calendar), basis.is_held_by_promise(calendar)
    spans = _of_limit(basis, calendar, at)
    if basis.pauses or held:
        spans = _part(spans, TEXTS.both("part.limit"))
    if held and basis.not_before is not None:
        since = basis.start_at if at is None else at
        signed = TEXTS.both("part.signed")
        spans += _part(explained_working_time(calendar, since, basis.not_before), signed)
        at = basis.not_before
    for number, pause in enumerate(basis.pauses, start=1):
        spans += spans_of_pause(calendar, at, pause, number)
        at = after_pause(calendar, at, pause)
    return spans


def _of_limit(
    basis: DeadlineBasis, calendar: Calendar, due: int | None
) -> tuple[ExplainedStretch, ...]:
    if due is None:
        return ()
    if basis.same_day:
        return tuple(explained_same_day(calendar, basis.start_at, due))
    return tuple(explained_limit(calendar, basis.start_at, limit_of(basis.time_limit)))


def spans_of_pause(
    calendar: Calendar, previous: int | None, pause: Pause, number: int = 1
) -> tuple[ExplainedStretch, ...]:
    """List the stretches of a pause, then those from the due date before it to the one after."""
    spans = _part(explained_working_time(calendar, pause[0], max(pause)), waited_in(number))
    due = after_pause(calendar, previous, pause)
    if previous is None or due is None:
        return spans
    added = TEXTS.both("part.added")
    return spans + _part(explained_working_time(calendar, previous, due), added)


def waited_in(number: int) -> Text:
    """Return the part of an explanation that shows the time waited in a pause, from 1."""
    return TEXTS.both("part.pause", number=number)


def _part(spans: Iterable[ExplainedStretch], part: Text) -> tuple[ExplainedStretch, ...]:
    return tuple(replace(span, part=part) for span in spans)
