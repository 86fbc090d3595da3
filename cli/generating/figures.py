"""The figures that a province has published of its dossiers from January to June 2021. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from office.catalogue.model import UnitLevel

FIRST: Final = date(2021, 1, 1)
LAST: Final = date(2021, 6, 30)
CARRIED_FROM: Final = date(2020, 11, 2)
"""The first day on which a dossier that was carried over was received."""

Cell = tuple[UnitLevel, str]
"""A level of government, and the way in which a dossier came."""

RECEIVED: Final[Mapping[Cell, int]] = {
    (UnitLevel.PROVINCE, "online"): 2_795,
    (UnitLevel.PROVINCE, "counter"): 3_005,
    (UnitLevel.PROVINCE, "post"): 200,
    (UnitLevel.DISTRICT, "online"): 420,
    (UnitLevel.DISTRICT, "counter"): 36_079,
    (UnitLevel.DISTRICT, "post"): 1_683,
    (UnitLevel.COMMUNE, "counter"): 20_916,
    (UnitLevel.COMMUNE, "post"): 1_000,
}
"""66,098 dossiers, 3,215 of them online: 46.58 % at the province's offices, 1.10 % at the
districts', none at the communes'. The shares and the sums are published, the numbers behind the
shares are chosen to give them.
"""
CARRIED_OVER: Final[Mapping[Cell, int]] = {
    (UnitLevel.PROVINCE, "counter"): 1_180,
    (UnitLevel.DISTRICT, "counter"): 5_000,
    (UnitLevel.COMMUNE, "counter"): 2_000,
}
"""8,180 dossiers."""
LATE: Final = 5_041
"""Of those resolved: 92.3 % were early or on time."""
PENDING: Final = 8_812
PENDING_OVERDUE: Final = 412
"""Not published."""


@dataclass(frozen=True, slots=True)
class HalfYearFigures:
    """How many dossiers a half-year has."""

    received: Mapping[Cell, int]
    carried_over: Mapping[Cell, int]
    late: int
    pending: int
    pending_overdue: int


def scaled(scale: float) -> HalfYearFigures:
    """Return the published figures, each times a scale and rounded; those of one for 1."""
    received, carried_over = (
        {cell: round(count * scale) for cell, count in part.items()}
        for part in (RECEIVED, CARRIED_OVER)
    )
    late, pending, overdue = (round(n * scale) for n in (LATE, PENDING, PENDING_OVERDUE))
    return HalfYearFigures(received, carried_over, late, pending, overdue)
