"""Explanations of due dates: the time up to one in stretches, each counted or skipped, and why.

Pure functions, like those of ``working_time``, whose conventions they explain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kernel.base.instants import MINUTE
from kernel.messages.catalogue import BilingualText, FixedText
from office.texts import OFFICE_TEXTS
from office.worktime.durations import Duration, DurationUnit, TimeLimit
from office.worktime.working_time import (
    CUT_OFF,
    Calendar,
    DayKind,
    DayRule,
    Stretch,
    after_cut_off,
    local_day,
    phase_ends,
    stretches_between,
)

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks have no zone
_EPOCH_DAY = _EPOCH.toordinal()
_UNTIL = OFFICE_TEXTS.text("explained.until")
_WORKING = OFFICE_TEXTS.text("explained.working")
_OUTSIDE = OFFICE_TEXTS.text("explained.outside")
_DECREE = "Decree 23/2015 art. 21"
"""Orders that same-day procedures received after 15:00 are done on the next working day."""


@dataclass(frozen=True, slots=True)
class ExplainedStretch:
    """A stretch with its reason in both languages, and the document that orders it, if any."""

    stretch: Stretch
    reason_vi: str
    reason_en: str
    source: str
    estimated: bool
    """The day's place in the calendar is not decreed yet (dự kiến)."""
    phase: int = 0
    """The phase of the limit in which it lies, from 1; 0 where the limit has only one."""
    part: tuple[str, str] = ("", "")
    """The heading under which it belongs where an explanation has several parts without gaps."""


def wall_clock(calendar: Calendar, at: int) -> str:
    """Return the local time of an instant in the calendar's zone: ``YYYY-MM-DDTHH:MM:SS``.

    A fraction of a second follows only where there is one.
    """
    day, clock = calendar.span_index.local(at)
    return (_EPOCH + timedelta(day, 0, clock)).isoformat()


def explained_limit(calendar: Calendar, start: int, limit: TimeLimit) -> Iterator[ExplainedStretch]:
    """Yield the stretches of a limit in order, phase after phase."""
    at, several = start, len(limit.phases) > 1
    ends = phase_ends(calendar, start, limit)
    for number, (phase, end) in enumerate(zip(limit.phases, ends, strict=True), start=1):
        for stretch in explained_duration(calendar, at, phase, end):
            yield replace(stretch, phase=number) if several else stretch
        at = end


def explained_duration(
    calendar: Calendar, start: int, duration: Duration, due: int
) -> Iterator[ExplainedStretch]:
    """Yield the stretches from the start to the due date in order.

    For working days and hours the counted stretches add up to the duration. Each calendar day
    counts whole; the time after the last one is skipped until the office works.
    """
    if duration.unit is DurationUnit.CALENDAR_DAY:
        yield from _explain_calendar_days(calendar, start, duration, due)
    else:
        yield from explained_working_time(calendar, start, due)


def explained_same_day(
    calendar: Calendar, received_at: int, due: int, cut_off: int = CUT_OFF
) -> Iterator[ExplainedStretch]:
    """Yield the stretches from the receipt to the closing at which a same-day procedure is due.

    After the cut-off the dossier counts from the next working day: the rest of the day of receipt
    is skipped, by the decree, or by no document where the office has a cut-off of its own.
    """
    late = after_cut_off(calendar, received_at, cut_off)
    day = local_day(calendar, received_at)
    clock = f"{cut_off // 60:02d}:{cut_off % 60:02d}"
    late_text = OFFICE_TEXTS.text("explained.late", clock=clock)
    for explained in explained_working_time(calendar, received_at, due):
        if late and explained.stretch.counted and explained.stretch.day == day:
            yield replace(
                explained,
                stretch=replace(explained.stretch, counted=False),
                reason_vi=late_text.vi,
                reason_en=late_text.en,
                source=_DECREE if cut_off == CUT_OFF else "",
            )
        else:
            yield explained


def explained_working_time(
    calendar: Calendar, from_at: int, to_at: int
) -> Iterator[ExplainedStretch]:
    """Yield the stretches between two instants; those in which the office works are counted."""
    for stretch in stretches_between(calendar, from_at, to_at):
        for piece, closed in _split_at_sessions(calendar, stretch):
            yield _explained(calendar, piece, _reason(calendar, piece, closed=closed))


def _split_at_sessions(calendar: Calendar, stretch: Stretch) -> Iterator[tuple[Stretch, bool]]:
    """Split the uncounted time of a partial closure into breaks and closed hours.

    The second value is true for closed hours; the breaks of the weekday are no part of a closure.
    """
    if stretch.counted or not _is_partial_closure(stretch.rule):
        yield stretch, False
        return
    day = stretch.day.toordinal() - _EPOCH_DAY
    at = stretch.from_at
    for session in calendar.week[stretch.day.weekday()]:
        opens, closes = (
            min(max(calendar.span_index.instant(day, minute * MINUTE), at), stretch.to_at)
            for minute in session
        )
        if at < opens:
            yield replace(stretch, from_at=at, to_at=opens), False
        if opens < closes:
            yield replace(stretch, from_at=opens, to_at=closes), True
        at = closes
    if at < stretch.to_at:
        yield replace(stretch, from_at=at), False


def _is_partial_closure(rule: DayRule | None) -> bool:
    return rule is not None and rule.kind is DayKind.CLOSURE and bool(rule.sessions)


def _explain_calendar_days(
    calendar: Calendar, start: int, duration: Duration, due: int
) -> Iterator[ExplainedStretch]:
    day, clock = calendar.span_index.local(start)
    at = start
    for count in range(1, duration.whole_days() + 1):
        # An end in a break or after closing is that of the session before it.
        end = min(due, calendar.span_index.instant(day + count, clock))
        whole = Stretch(at, end, True, _date(day + count), None)
        yield _explained(calendar, whole, OFFICE_TEXTS.text("explained.day", number=count))
        at = end
    while at < due:
        number, _ = calendar.span_index.local(at)
        end = min(due, calendar.span_index.instant(number + 1, 0))
        on = _date(number)
        stretch = Stretch(at, end, False, on, calendar.days.get(on))
        working = calendar.is_working_day(on)
        for piece, closed in _split_at_sessions(calendar, stretch):
            opens = working and not closed
            reason = _UNTIL if opens else _reason(calendar, piece, closed=closed)
            yield _explained(calendar, piece, reason)
        at = end


def _explained(calendar: Calendar, stretch: Stretch, reason: BilingualText) -> ExplainedStretch:
    ordinary = stretch.rule is None or reason in (_WORKING, _OUTSIDE, _UNTIL)
    source = "" if ordinary or stretch.rule is None else stretch.rule.source
    estimated = calendar.is_estimated(stretch.day)
    return ExplainedStretch(stretch, reason.vi, reason.en, source, estimated)


def _reason(calendar: Calendar, stretch: Stretch, *, closed: bool = False) -> BilingualText:
    rule, weekday = stretch.rule, stretch.day.weekday()
    if _is_partial_closure(rule) and not closed:
        return _WORKING if stretch.counted else _OUTSIDE
    if rule is not None:
        reason: BilingualText = FixedText(
            rule.reason_vi or rule.reason_en or rule.kind.value,
            rule.reason_en or rule.reason_vi or rule.kind.value,
        )
    elif stretch.counted:
        return _WORKING
    elif not calendar.week[weekday]:
        reason = OFFICE_TEXTS.text(f"explained.free.{weekday + 1}")
    else:
        return _OUTSIDE
    if rule is not None and rule.sessions and not stretch.counted and not closed:
        return OFFICE_TEXTS.text("explained.outside_of", reason=reason)
    return reason


def _date(day: int) -> date:
    return date.fromordinal(day + _EPOCH_DAY)
