"""A due date after a pause: how it is computed, and its wording. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.base.instants import MINUTE, SECOND
from kernel.messages.catalogue import FixedText
from office.worktime.deadline_basis import DeadlineBasis, Pause, after_pause, due_after_pause
from office.worktime.explanation import ExplainedStretch
from office.worktime.working_time import Calendar
from services.audit.deadlines.explanation import Compute, spans_of, spans_of_pause
from services.audit.wording.formatting import Text
from services.audit.wording.texts import TEXTS


def going_on(
    before: DeadlineBasis | None,
    basis: DeadlineBasis | None,
    previous: int | None,
    pause: Pause,
    version: str,
) -> Compute:
    """Return the function that computes a due date after a pause.

    It explains only the pause, unless another calendar counts than before.
    """

    def compute(calendar: Calendar) -> tuple[int | None, tuple[ExplainedStretch, ...]]:
        if basis is None:
            return after_pause(calendar, previous, pause), spans_of_pause(calendar, previous, pause)
        due = due_after_pause(basis, calendar, previous, pause)
        if changed(before, version) and due == basis.due(calendar):
            return due, spans_of(basis, calendar)
        return due, spans_of_pause(calendar, previous, pause, len(basis.pauses))

    return compute


def changed(basis: DeadlineBasis | None, version: str) -> bool:
    """Return whether another calendar counts than the one that the basis was counted by last."""
    return basis is not None and version not in ("", basis.calendar_version)


def hours(minutes: int) -> str:
    """Write minutes as hours and minutes."""
    whole, rest = divmod(minutes, 60)
    return f"{whole}:{rest:02d}"


def gone_on(minutes: int, *, stays_late: bool, us: int = 0) -> Text:
    """Return the text that the clock goes on after so many working minutes.

    ``us``: the microseconds, which are shown as seconds where they are less than a minute.
    """
    late = TEXTS.text("due.stays_late") if stays_late else ""
    if 0 < us < MINUTE:
        return TEXTS.both("due.gone_on.seconds", amount=f"{us / SECOND:.3g}", late=late)
    return TEXTS.both("due.gone_on.hours", amount=hours(minutes), late=late)


def waited(spans: Iterable[ExplainedStretch], *, stays_late: bool) -> Text:
    """Return the same with the sum of the stretches, by the minutes in which they are shown."""
    counted = [span.stretch for span in spans if span.stretch.counted]
    minutes = sum(it.to_at // MINUTE - it.from_at // MINUTE for it in counted)
    us = sum(it.to_at - it.from_at for it in counted)
    return gone_on(minutes, stays_late=stays_late, us=us)


def ahead_again(previous: int | None, due: int | None, pause: Pause) -> bool:
    """Return whether a date that had passed when the clock stopped is in the future after it."""
    if previous is None or due is None:
        return False
    return previous < pause[0] and due > max(pause)


def judged_again(text: Text) -> Text:
    """Add that a date that had passed is in the future again."""
    return TEXTS.both("due.judged_anew", text=FixedText(*text))


def counted_again(text: Text, version: str) -> Text:
    """Add that the basis was counted by a calendar version until then, and by another now."""
    return TEXTS.both("due.counted_anew", text=FixedText(*text), version=version)
