"""Queries of timelines, chain heads and reports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import ColumnElement, Connection, and_, not_, or_, select

from kernel.base.instants import instant_in
from kernel.eventsourcing.envelope import payload_of
from office.streams import DOSSIER
from services.audit.record.stored_event import decoded
from services.audit.reports.breakdown import Breakdown
from services.audit.reports.indicators import (
    Counts,
    Indicators,
    Key,
    ReportedDossier,
    reported_dossier,
)
from services.audit.state.as_of import known_by, rows_of, rows_until, streamed, unchanged_since
from services.audit.state.local_days import day, end_of
from services.audit.state.portal_state import WITHOUT_RESULT, DossierRow
from services.audit.tables import CHAINS, DOSSIERS, LOG


def timeline(
    connection: Connection,
    stream_id: str,
    as_of: int | None,
    kind: str = DOSSIER,
    known_at: int | None = None,
) -> list[DossierRow]:
    """Return the rows of the log about a stream, in the order of the log: of what had happened and
    had been recorded by two instants.
    """
    statement = select(LOG).where(LOG.c.stream_id == stream_id, LOG.c.stream_kind == kind)
    rows = rows_of(connection, statement.order_by(LOG.c.partition, LOG.c.offset))
    return [
        row
        for row in known_by(known_at, rows, itemgetter("recorded_at"))
        if as_of is None or _happened_at(row) <= as_of
    ]


def stated_at(event: Event | None) -> int | None:
    """Return when an event happened by the word of whoever was there, such as a partner's scan;
    None where that is its occurred_at.
    """
    payload: Any = None if event is None else payload_of(event)
    if payload is None or "happened_at" not in payload.DESCRIPTOR.fields_by_name:
        return None
    return instant_in(payload, "happened_at")


def _happened_at(row: DossierRow) -> int:
    stated = stated_at(decoded(row["body"]))
    return int(row["occurred_at"]) if stated is None else stated


def chain_heads(connection: Connection) -> list[DossierRow]:
    """Return the head of each partition's chain."""
    return list(rows_of(connection, select(CHAINS).order_by(CHAINS.c.partition)))


class ReportRequest(NamedTuple):
    """A report's first and last day as YYYYMMDD, by what to break it down, and its instants."""

    first: int
    last: int
    by: Breakdown | None
    as_of: int | None
    """None for now."""
    known_at: int | None = None
    """By what had been recorded by then; None for everything."""
    cross: Breakdown | None = None
    """By what to break each line down again."""


def report(connection: Connection, request: ReportRequest, now: int) -> Indicators:
    """Count the official indicators by what had happened when the last day ended, or by ``as_of``
    if that is earlier: what happens later changes no report of the past.

    ``now`` is the present instant, or the one by which all that counts had been recorded: what is
    pending is judged on the last day, or on the day of that instant if it is earlier.
    """
    today = _Days(now if request.as_of is None else request.as_of)
    result = Indicators(request.first, request.last)
    columns = [part.column for part in (request.by, request.cross) if part]
    keys_of = _keys(request)
    for values, zone, dossier in _reported_dossiers(connection, request, columns):
        result.add(keys_of(values), dossier, today.of(zone))
    return result


def dossiers_of(
    connection: Connection,
    request: ReportRequest,
    now: int,
    line: Key,
    figures: Collection[str],
) -> list[Mapping[str, Any]]:
    """Return the dossiers of a report that count in any of some figures, in a line or with empty
    keys in all, by their codes: their days, their time zone and ``LISTED``.
    """
    today = _Days(now if request.as_of is None else request.as_of)
    broken_down = [part.column for part in (request.by, request.cross) if part]
    keys_of, found = _keys(request), []
    for values, zone, dossier in _reported_dossiers(connection, request, [*broken_down, *LISTED]):
        if not any(_matches(key, line) for key in keys_of(values)):
            continue
        alone = Counts()
        alone.add(dossier, request.first, request.last, today.of(zone))
        if any(getattr(alone, figure) for figure in figures):
            columns = dict(zip(LISTED, values[len(broken_down) :], strict=True))
            found.append({**columns, "time_zone": zone, **dossier._asdict()})
    return sorted(found, key=itemgetter("dossier_code"))


LISTED: Final = (
    "dossier_code",
    "procedure",
    "unit",
    "step_unit",
    "step_officer",
    "late_unit",
    "late_officer",
)
"""The columns of a dossier that is listed, beside its days."""


def _matches(key: Key, line: Key) -> bool:
    return all(asked in ("", own) for own, asked in zip(key, line, strict=True))


def _keys(request: ReportRequest) -> Callable[[Sequence[str]], list[Key]]:
    """Return what makes of a dossier's columns the keys of its lines."""
    by, cross = request.by, request.cross
    if by is None:
        return lambda _: [("", "")]
    if cross is None:
        return lambda values: [(key, "") for key in by.keys_of(values[0])]
    return lambda values: [
        (key, column) for key in by.keys_of(values[0]) for column in cross.keys_of(values[1])
    ]


def _reported_dossiers(
    connection: Connection, request: ReportRequest, columns: Sequence[str]
) -> Iterator[tuple[Sequence[Any], str, ReportedDossier]]:
    """Yield of each dossier of the period the values of some columns, its time zone, its dates."""
    table, ends, count = DOSSIERS.c, _Ends(request), len(columns)
    facts = [table.time_zone, table.state, table.check_missed_at.is_not(None), table.channel]
    days = [table.received_day, table.finished_day, table.due_day, table.suspended_day]
    of_period = table.received_day <= request.last
    # A column may be named twice, which a select would otherwise read once.
    named = [table[name].label(f"column_{number}") for number, name in enumerate(columns)]
    statement = select(*named, *facts, *days).where(
        ends.holds,
        of_period,
        or_(
            table.finished_day.is_(None),
            table.finished_day >= request.first,
            table.received_day >= request.first,
        ),
    )
    for row in streamed(connection, statement):
        zone, state, late, channel, received, finished, due, suspended = row[count:]
        back = state in WITHOUT_RESULT
        yield (
            row[:count],
            zone,
            ReportedDossier(received, finished, due, suspended, back, bool(late), channel),
        )
    changed = and_(of_period, not_(ends.holds))
    latest = ends.of(_LAST_ZONE)
    for folded in rows_until(connection, changed, latest, ends.of, request.known_at):
        dossier = reported_dossier(folded)
        if dossier is not None:
            yield [folded[name] for name in columns], folded["time_zone"], dossier


_FIRST_ZONE: Final = "Etc/GMT-14"
"""Where a day ends first."""
_LAST_ZONE: Final = "Etc/GMT+12"
"""Where it ends last."""


class _Ends:
    """The instant up to which a report counts: the end of its last day in a dossier's time zone, or
    the one asked for.
    """

    def __init__(self, request: ReportRequest) -> None:
        self._last = request.last
        self._as_of = request.as_of
        self._known_at = request.known_at
        self._ends: dict[str, int] = {}

    def of(self, zone: str) -> int:
        """Return the instant in a time zone."""
        found = self._ends.get(zone)
        if found is None:
            end = end_of(self._last, zone)
            found = self._ends[zone] = end if self._as_of is None else min(end, self._as_of)
        return found

    @property
    def holds(self) -> ColumnElement[bool]:
        """The condition that what a report needs of a row was so by then: nothing has changed in it
        since, or the work had ended, with which its dates are settled; and that all of it had been
        recorded.
        """
        table, finished = DOSSIERS.c, DOSSIERS.c.finished_day
        ended = and_(finished.is_not(None), finished <= self._last)
        if self._as_of is not None:
            ended = and_(ended, table.changed_at <= self._as_of)
        settled = or_(table.changed_at <= self.of(_FIRST_ZONE), ended)
        return and_(settled, unchanged_since(None, self._known_at))


class _Days:
    """The local day of one instant in each time zone, found once."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._days: dict[str, int] = {}

    def of(self, zone: str) -> int:
        """Return the day in a time zone."""
        found = self._days.get(zone)
        if found is None:
            found = self._days[zone] = day(self._at, zone)
        return found
