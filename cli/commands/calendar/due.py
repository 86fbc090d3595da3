"""Due dates as `motcua calendar due` computes and explains them: local wall clocks in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, BinaryIO

from kernel.base.instants import DAY, from_datetime, to_datetime
from office.worktime.calendars.span_index import FIRST_YEAR, LAST_YEAR
from office.worktime.explanation import (
    ExplainedStretch,
    explained_limit,
    explained_same_day,
    wall_clock,
)
from office.worktime.working_time import (
    Calendar,
    DurationError,
    NoWorkingTime,
    OutOfRange,
    TimeLimit,
    limit_due_at,
    same_day_due,
)

LONGEST_LINE = 1000
_CHUNK = 1 << 16
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks have no zone
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_MICROSECOND = timedelta(microseconds=1)
_limits = lru_cache(maxsize=4096)(TimeLimit.parse)


class DueMistake(ValueError):
    """What has no due date: ``field`` (start, duration, line or calendar) and the rule broken."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


def read_start(calendar: Calendar, text: str) -> int:
    """Read ISO 8601 with a time of day; without an offset it is the calendar's wall clock."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or len(text) <= len("2021-08-09"):
        raise DueMistake("start", "must be a day and time such as 2021-08-09T16:35")
    if not FIRST_YEAR < moment.year < LAST_YEAR:
        raise DueMistake("start", f"must lie in the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}")
    if moment.tzinfo is None:
        return calendar.span_index.instant(*divmod((moment - _EPOCH) // _MICROSECOND, DAY))
    return from_datetime(moment.astimezone(UTC))


def read_duration(text: str) -> TimeLimit:
    """Read ``3wd``, ``5cd``, ``4wh``, ``none``, or phases: ``20cd+5wd``."""
    try:
        return _limits(text)
    except DurationError as error:
        raise DueMistake("duration", error.rule) from error


def due_of(calendar: Calendar, start: int, limit: TimeLimit) -> int | None:
    """Return the due date; None for no limit."""
    try:
        return limit_due_at(calendar, start, limit)
    except OutOfRange as error:
        raise DueMistake("duration", f"ends after the year {LAST_YEAR - 1}") from error
    except NoWorkingTime as error:
        if to_datetime(error.at).year >= LAST_YEAR:
            raise DueMistake("duration", f"ends after the year {LAST_YEAR - 1}") from error
        raise DueMistake("calendar", str(error)) from error


def read_cut_off(text: str) -> int:
    """Read a time of day (HH:MM) as minutes since midnight."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise DueMistake("cut-off", "must be a time of day such as 15:00")
    return int(match[1]) * 60 + int(match[2])


def same_day_of(calendar: Calendar, start: int, cut_off: int) -> int:
    """Return the closing of the day of receipt, or after the cut-off of the next working day."""
    try:
        return same_day_due(calendar, start, cut_off)
    except NoWorkingTime as error:
        raise DueMistake("calendar", str(error)) from error


def explain_same_day(
    calendar: Calendar, start: int, due: int, cut_off: int
) -> list[dict[str, Any]]:
    """List the stretches from the receipt to the closing, each counted or skipped and why."""
    return [_row(calendar, span) for span in explained_same_day(calendar, start, due, cut_off)]


def answer_lines(calendar: Calendar, source: BinaryIO, write: Callable[[str], object]) -> int:
    """Answer each ``start,duration`` line with one JSON line, and return the number of bad ones.

    What has come is answered before more is waited for, so a program may ask line by line. A bad
    line is answered with ``line`` (its number), ``text`` and ``error`` (``field``, ``rule``).
    """
    bad = number = 0
    for lines in _lines(source):
        answers = []
        for line in lines:
            number += 1
            try:
                answers.append(_answer(calendar, line))
            except DueMistake as mistake:
                bad += 1
                error = {"field": mistake.field, "rule": mistake.rule}
                text = line[:LONGEST_LINE].decode("utf-8", "backslashreplace").rstrip("\r")
                answers.append(json.dumps({"line": number, "text": text, "error": error}))
        answers.append("")
        write("\n".join(answers))
    return bad


def _answer(calendar: Calendar, line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise DueMistake("line", f"is longer than {LONGEST_LINE} bytes")
    parts = line.decode("utf-8", "replace").split(",")
    if len(parts) != 2:
        raise DueMistake("line", "must be start,duration such as 2021-08-09T16:35,3wd")
    text = parts[1].strip()
    start = read_start(calendar, parts[0].strip())
    due = due_of(calendar, start, read_duration(text))
    ends = "null" if due is None else f'"{wall_clock(calendar, due)}"'
    # A duration that was read holds nothing that JSON would escape.
    return f'{{"start": "{wall_clock(calendar, start)}", "duration": "{text}", "due": {ends}}}'


def _lines(source: BinaryIO) -> Iterator[list[bytes]]:
    """Return whole lines as they come, many at a time; of one without an end only the beginning."""
    read = getattr(source, "read1", source.read)
    rest, first = b"", True
    while block := read(_CHUNK):
        if first:
            block, first = block.removeprefix(b"\xef\xbb\xbf"), False
        *lines, rest = (rest + block).split(b"\n")
        rest = rest[: LONGEST_LINE + 1]
        if lines:
            yield lines
    if rest:
        yield [rest]


def explain(calendar: Calendar, start: int, limit: TimeLimit) -> list[dict[str, Any]]:
    """List the stretches from the start to the due date in order, each counted or skipped and why.

    Where the limit has phases each names its own. See ``office.worktime.explanation``.
    """
    return [_row(calendar, span) for span in explained_limit(calendar, start, limit)]


def _row(calendar: Calendar, span: ExplainedStretch) -> dict[str, Any]:
    stretch = span.stretch
    return {
        "from": wall_clock(calendar, stretch.from_at),
        "to": wall_clock(calendar, stretch.to_at),
        "counted": stretch.counted,
        "seconds": (stretch.to_at - stretch.from_at) / 1_000_000,
        "reason": span.reason_en,
        "reason_vi": span.reason_vi,
        "source": span.source,
        "estimated": span.estimated,
        **({"phase": span.phase} if span.phase else {}),
    }
