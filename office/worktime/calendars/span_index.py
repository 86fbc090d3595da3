"""An index of working time: sorted spans of UTC with running totals, looked up by bisection.

An instant is working time when its local wall clock lies in a session of its local date. So a
session across a change of the clocks is as long as it really is: an hour that does not exist is not
worked, an hour that comes twice is worked twice.

The index grows by whole years on demand; its answers do not depend on earlier calls. Instants and
lengths of time are in microseconds, instants of UTC; days are counted from 01/01/1970.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from kernel.base.instants import DAY, MINUTE, SECOND
from office.worktime.calendars.year_spans import MOST_IDLE, Span, Spans, join_years

FIRST_YEAR, LAST_YEAR = 1900, 2200
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SessionsOn = Callable[[date], Sequence[tuple[int, int]]]


class NoWorkingTime(ValueError):
    """The calendar has no work where it is needed: none for over 366 days, or not until 2200."""

    def __init__(self, calendar: str, at: int) -> None:
        when = date.fromordinal(_EPOCH_DAY + at // DAY).isoformat()
        super().__init__(f"calendar {calendar!r} has no working time within 366 days of {when}")
        self.calendar = calendar
        self.at = at


class OutOfRange(ValueError):
    """An instant outside the years 1901 to 2199, for which no calendar is kept."""

    def __init__(self, at: int) -> None:
        super().__init__(
            f"{at} microseconds lie outside the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}"
        )
        self.at = at


class SpanIndex:
    """The working time of one calendar.

    Threads may share it: they exchange whole ``Spans``, so a race at worst computes them twice.
    """

    def __init__(self, name: str, tz: ZoneInfo, sessions_on: SessionsOn) -> None:
        self._name = name
        self._tz = tz
        self._sessions_on = sessions_on
        self._years: dict[int, tuple[list[Span], set[int]]] = {}
        self._spans: Spans | None = None

    def covering(self, at: int) -> Spans:
        """Return the spans of years that include an instant; raise ``OutOfRange``."""
        spans = self._spans
        if spans is not None and spans.low <= at < spans.high:
            return spans
        return self._reach(at, spans)

    def after(self, start: int, work: int) -> int:
        """Return the earliest instant at which ``work`` (above 0) has been done since ``start``."""
        spans = self.covering(start)
        while True:
            _, done = spans.place(start)
            j = bisect_left(spans.totals, done + work)
            if j < len(spans.totals):
                break
            last = spans.ends[-1] if spans.ends else spans.low
            spans = self._later(spans, max(start, last))
        due = spans.ends[j] - (spans.totals[j] - done - work)
        if spans.idle and spans.rests_too_long(start, due):
            raise NoWorkingTime(self._name, start)
        return due

    def before(self, end: int, work: int) -> int:
        """Return the latest instant from which ``work`` (above 0) is still to do until ``end``."""
        spans = self.covering(end)
        while True:
            i, done = spans.place(end)
            if end - (spans.ends[i] if i >= 0 else spans.low) > MOST_IDLE:
                raise NoWorkingTime(self._name, end)
            if done >= work:
                break
            spans = self._earlier(spans, end)
        j = bisect_right(spans.totals, done - work)
        at = spans.ends[j] - (spans.totals[j] - done + work)
        if spans.idle and spans.rests_too_long(at, end):
            raise NoWorkingTime(self._name, end)
        return at

    def between(self, start: int, end: int) -> int:
        """Return the working time between two instants; negative when the second is the earlier."""
        spans = self._covering_both(start, end)
        return spans.place(end)[1] - spans.place(start)[1]

    def within(self, low: int, high: int) -> Iterator[Span]:
        """Yield the spans (start, end, local day) of a range of instants, cut to it."""
        spans = self._covering_both(low, high)
        i = bisect_right(spans.ends, low)
        while i < len(spans.starts) and spans.starts[i] < high:
            yield max(low, spans.starts[i]), min(high, spans.ends[i]), spans.days[i]
            i += 1

    def next_span(self, at: int) -> tuple[int, int, int]:
        """Return the first span (start, end, local day) that ends after an instant."""
        spans = self.covering(at)
        while True:
            i = bisect_right(spans.ends, at)
            if i < len(spans.ends):
                break
            spans = self._later(spans, at)
        if spans.starts[i] - at > MOST_IDLE:
            raise NoWorkingTime(self._name, at)
        return spans.starts[i], spans.ends[i], spans.days[i]

    def working_day(self, day: int) -> tuple[int, list[tuple[int, int]]]:
        """Return the first day with work that is not before a day, and its spans in order."""
        noon = day * DAY + DAY // 2
        spans = self.covering(noon)
        while True:
            place = day - spans.first_day
            first = spans.first_from[place] if place < len(spans.first_from) else -1
            if first >= 0:
                break
            spans = self._later(spans, noon)
        found = spans.days[first]
        if (found - day) * DAY > MOST_IDLE:
            raise NoWorkingTime(self._name, noon)
        last = first
        while last < len(spans.days) and spans.days[last] == found:
            last += 1
        return found, [(spans.starts[i], spans.ends[i]) for i in range(first, last)]

    def local(self, at: int) -> tuple[int, int]:
        """Return the local day of an instant and the wall clock on it, in microseconds."""
        spans = self._spans
        known = spans is not None and spans.low <= at < spans.high
        offset = spans.offset if spans is not None and known else None
        return divmod(at + (self._offset(at) if offset is None else offset), DAY)

    def instant(self, day: int, clock: int) -> int:
        """Return the instant of a local day and wall clock.

        Of two such instants it is the first; a wall clock that does not exist moves on with the
        clocks.
        """
        naive = day * DAY + clock
        spans = self._spans
        if spans is not None and spans.offset is not None:
            at = naive - spans.offset
            if spans.low <= at < spans.high:
                return at
        wall = (_EPOCH + timedelta(microseconds=naive)).replace(tzinfo=self._tz)
        return naive - _us(wall.utcoffset())

    def _offset(self, at: int) -> int:
        return _us((_EPOCH + timedelta(microseconds=at)).astimezone(self._tz).utcoffset())

    def _covering_both(self, first: int, second: int) -> Spans:
        spans = self.covering(first)
        return spans if spans.low <= second < spans.high else self._reach(second, spans)

    def _later(self, spans: Spans, since: int) -> Spans:
        if spans.high - since > MOST_IDLE or spans.last_year >= LAST_YEAR:
            raise NoWorkingTime(self._name, since)
        step = 1 + (spans.last_year - spans.first_year) // 2
        return self._grow(spans, spans.last_year, min(spans.last_year + step, LAST_YEAR))

    def _earlier(self, spans: Spans, until: int) -> Spans:
        first = spans.starts[0] if spans.starts else until
        if min(first, until) - spans.low > MOST_IDLE or spans.first_year <= FIRST_YEAR:
            raise NoWorkingTime(self._name, until)
        step = 1 + (spans.last_year - spans.first_year) // 2
        return self._grow(spans, max(spans.first_year - step, FIRST_YEAR), spans.first_year)

    def _reach(self, at: int, known: Spans | None) -> Spans:
        if not _year_start(FIRST_YEAR + 1) <= at < _year_start(LAST_YEAR):
            raise OutOfRange(at)
        year = date.fromordinal(_EPOCH_DAY + at // DAY).year
        return self._grow(known, year - 1, year + 1)

    def _grow(self, known: Spans | None, first_year: int, last_year: int) -> Spans:
        """Return spans of the known years and these, and cache them."""
        if known is not None:
            first_year = min(first_year, known.first_year)
            last_year = max(last_year, known.last_year)
        for year in range(first_year, last_year + 1):
            if year not in self._years:
                self._years[year] = self._build(year)
        grown = self._join(first_year, last_year)
        self._spans = grown
        return grown

    def _build(self, year: int) -> tuple[list[Span], set[int]]:
        """Return one year's spans, and the offsets from UTC that occur in it."""
        found: list[Span] = []
        offsets: set[int] = set()
        for ordinal in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()):
            day = ordinal - _EPOCH_DAY
            pieces = self._pieces(day)
            offsets.update(offset for _, _, offset in pieces)
            for start, end in self._sessions_on(date.fromordinal(ordinal)):
                opening, closing = day * DAY + start * MINUTE, day * DAY + end * MINUTE
                for low, high, offset in pieces:
                    span = (max(opening - offset, low), min(closing - offset, high), day)
                    if span[0] < span[1]:
                        found.append(span)
        return sorted(found), offsets

    def _pieces(self, day: int) -> list[tuple[int, int, int]]:
        """Return the instants that a day may have, cut where the clocks change: (from, to, offset)
        each.
        """
        low, high = (day - 1) * DAY, (day + 2) * DAY
        first, last = self._offset(low), self._offset(high)
        if first == last:
            return [(low, high, first)]
        before, after = low, high
        while after - before > SECOND:
            middle = (before + after) // 2 // SECOND * SECOND
            if self._offset(middle) == first:
                before = middle
            else:
                after = middle
        return [(low, after, first), (after, high, last)]

    def _join(self, first_year: int, last_year: int) -> Spans:
        years = [self._years[year] for year in range(first_year, last_year + 1)]
        offsets = set().union(*(found for _, found in years))
        return join_years(
            [span for found, _ in years for span in found],
            (first_year, last_year),
            (self._midnight(first_year), self._midnight(last_year + 1)),
            (_year_start(first_year) // DAY, _year_start(last_year + 1) // DAY),
            offsets.pop() if len(offsets) == 1 else None,
        )

    def _midnight(self, year: int) -> int:
        naive = _year_start(year)
        wall = (_EPOCH + timedelta(microseconds=naive)).replace(tzinfo=self._tz)
        return naive - _us(wall.utcoffset())


def _year_start(year: int) -> int:
    return (date(year, 1, 1).toordinal() - _EPOCH_DAY) * DAY


def _us(offset: timedelta | None) -> int:
    return 0 if offset is None else offset // timedelta(microseconds=1)
