"""Where and when an item is collected, by the present directory and calendars of the office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from motcua.postal.v1 import postal_pb2 as pb

from kernel.base.clock import Clock
from kernel.base.instants import DAY, local_date, to_timestamp
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.known_units import known_units
from office.people.directory import Directory, responsible_unit
from office.worktime.calendars.model import Calendars
from office.worktime.calendars.span_index import OutOfRange

DAYS: Final = 7
"""For how many days the opening hours are told."""


@dataclass(frozen=True)
class PickupPoints:
    """The counters of the office."""

    clock: Clock
    calendars: Callable[[], Calendars]
    people: Callable[[], Directory] | None = None

    def of(self, unit: str) -> pb.PickupPoint:
        """Return the counter of a unit now; of a dissolved one, that of its successor."""
        now = self.clock.now()
        units = known_units(self.people() if self.people else None)
        unit = responsible_unit(unit, units, local_date(now, OFFICE_ZONE))
        point = pb.PickupPoint(unit=unit, name=unit)
        if unit in units:
            known = units[unit]
            point.name, point.address, point.phone = known.name, known.address, known.phone
        calendar = self.calendars().calendar_for(unit, now)
        try:
            # A day back, so that the period that runs is told from its beginning.
            spans = list(calendar.span_index.within(now - DAY, now + DAYS * DAY))
        except OutOfRange:
            spans = []
        for begins, ends, _ in spans:
            if ends > now:
                period = {"from": to_timestamp(begins), "until": to_timestamp(ends)}
                point.open.append(pb.OpenPeriod(**period))
        return point
