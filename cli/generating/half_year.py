"""Dossiers of a half-year with the published figures, made up from a seed.

Procedures, units, time limits and working days are those of the catalogue and the calendar of this
software; who hands in is nobody.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Final

from motcua.events.v1.common_pb2 import Channel

from cli.generating.figures import CARRIED_FROM, FIRST, LAST, Cell, HalfYearFigures
from kernel.base.instants import from_datetime, to_datetime, zone
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.model import Catalogue, Procedure, UnitLevel
from office.catalogue.responsible_unit import ResponsibleUnits
from office.worktime.calendars.model import Calendar
from office.worktime.working_time import limit_due_at, same_day_due

EARLY_SHARE: Final = 0.8
"""How many of those in time are resolved before their due day, where there is such a day."""
DAYS_LATE: Final = 9
_ENDS_AT: Final = time(16, 0)
_CHANNELS: Final = {
    "online": Channel.CHANNEL_ONLINE,
    "counter": Channel.CHANNEL_COUNTER,
    "post": Channel.CHANNEL_POST,
}


@dataclass(slots=True)
class GeneratedDossier:
    """A dossier; instants are local times of the office."""

    channel: str
    unit: str
    procedure: str
    received: datetime
    due: datetime
    ended: datetime | None = None


def half_year(
    figures: HalfYearFigures, catalogue: Catalogue, calendar: Calendar, seed: int
) -> list[GeneratedDossier]:
    """Return dossiers that have these figures, in the order in which they were received.

    The same arguments give the same dossiers.
    """
    made = _Generator(catalogue, calendar, random.Random(seed))
    dossiers = [
        made.received(cell) for cell, count in figures.received.items() for _ in range(count)
    ]
    dossiers += [
        made.carried_over(cell)
        for cell, count in figures.carried_over.items()
        for _ in range(count)
    ]
    made.resolve(dossiers, figures)
    return sorted(dossiers, key=lambda dossier: (dossier.received, dossier.unit))


class _Generator:
    def __init__(self, catalogue: Catalogue, calendar: Calendar, pick: random.Random) -> None:
        self._pick = pick
        self._calendar = calendar
        self._offers: dict[UnitLevel, list[tuple[str, Procedure]]] = {}
        offered = ResponsibleUnits(catalogue, CARRIED_FROM).offered
        for code, unit in catalogue.units.items():
            if unit.level is not None:
                pairs = [(code, procedure) for procedure in offered(code)]
                self._offers.setdefault(unit.level, []).extend(pairs)
        self._working_days = cache(
            lambda first, last: [day for day in _days(first, last) if calendar.is_working_day(day)]
        )

    def received(self, cell: Cell) -> GeneratedDossier:
        """Return a dossier that was received in the period."""
        return self._dossier(cell, self._working_days(FIRST, LAST))

    def carried_over(self, cell: Cell) -> GeneratedDossier:
        """Return a dossier that was received before the period, and is due in it."""
        days = self._working_days(CARRIED_FROM, FIRST - timedelta(days=1))
        while True:
            dossier = self._dossier(cell, days)
            if dossier.due.date() >= self._working_days(FIRST, LAST)[0]:
                return dossier

    def _dossier(self, cell: Cell, days: Sequence[date]) -> GeneratedDossier:
        level, channel = cell
        unit, procedure = self._pick.choice(self._offers[level])
        minute = self._pick.choice((*range(450, 690), *range(810, 990)))
        received = _local(self._pick.choice(days), time(minute // 60, minute % 60))
        start = from_datetime(received)
        if procedure.same_day:
            due: int | None = same_day_due(self._calendar, start)
        else:
            due = limit_due_at(self._calendar, start, procedure.limit(_CHANNELS[channel]))
        assert due is not None, f"{procedure.code} has no time limit"
        return GeneratedDossier(
            channel, unit, procedure.code, received, to_datetime(due, OFFICE_ZONE)
        )

    def resolve(self, dossiers: Sequence[GeneratedDossier], figures: HalfYearFigures) -> None:
        """Choose which dossiers end in the period, and when."""
        by_due = sorted(dossiers, key=lambda dossier: dossier.due)
        shown_open = figures.pending - figures.pending_overdue
        ended = by_due[: len(by_due) - shown_open]
        # Whoever ends or is overdue late must have been due some days before the period's end.
        may_be_late = [d for d in ended if d.due.date() <= LAST - timedelta(days=DAYS_LATE)]
        chosen = self._pick.sample(may_be_late, figures.pending_overdue + figures.late)
        overdue = {id(dossier) for dossier in chosen[: figures.pending_overdue]}
        late = {id(dossier) for dossier in chosen[figures.pending_overdue :]}
        for dossier in ended:
            if id(dossier) in late:
                dossier.ended = self._late_end(dossier)
            elif id(dossier) not in overdue:
                dossier.ended = self._end_in_time(dossier)

    def _late_end(self, dossier: GeneratedDossier) -> datetime:
        first = dossier.due.date() + timedelta(days=1)
        return _local(self._day(first, first + timedelta(days=DAYS_LATE - 1)), _ENDS_AT)

    def _end_in_time(self, dossier: GeneratedDossier) -> datetime:
        first = max(dossier.received.date(), FIRST)
        due = dossier.due.date()
        last_early = min(due - timedelta(days=1), LAST)
        may_be_early = bool(self._working_days(first, last_early)) and first <= last_early
        if may_be_early and (due > LAST or self._pick.random() < EARLY_SHARE):
            day = self._day(first, last_early)
        else:
            day = due
        return max(_local(day, _ENDS_AT), dossier.received)

    def _day(self, first: date, last: date) -> date:
        return self._pick.choice(self._working_days(first, last) or [last])


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, zone(OFFICE_ZONE))
