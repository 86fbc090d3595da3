"""By what a report is broken down: the columns that are read, and the keys that follow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from motcua.audit.v1 import audit_pb2 as pb

from office.people.directory import DirectoryUnit

UNKNOWN: Final = "unknown"
"""The key of dossiers that do not say what they are to be broken down by."""

COLUMN_OF: Final[Mapping[int, str]] = {
    pb.BREAKDOWN_UNIT: "unit",
    pb.BREAKDOWN_FIELD: "field",
    pb.BREAKDOWN_CHANNEL: "channel",
    pb.BREAKDOWN_LEVEL: "level",
    pb.BREAKDOWN_PROCEDURE: "procedure",
    pb.BREAKDOWN_GOVERNMENT_LEVEL: "unit",
}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A column of a dossier's row, and the keys of the lines in which a value counts."""

    column: str
    keys_of: Callable[[str], tuple[str, ...]]


def breakdown(
    by: int,
    units: Mapping[str, DirectoryUnit],
    responsible: Callable[[str], str] | None = None,
    *,
    with_lower_units: bool = False,
) -> Breakdown | None:
    """Return how to break a report down; None for not at all.

    ``responsible`` returns the unit under which a unit's dossiers count, None for each unit's own;
    with the lower units, a dossier counts for its unit and for each above it.
    """
    if by == pb.BREAKDOWN_UNSPECIFIED:
        return None

    @cache
    def keys_of(value: str) -> tuple[str, ...]:
        unit = responsible(value) if value and responsible else value
        if by == pb.BREAKDOWN_GOVERNMENT_LEVEL:
            return (units[unit].level or UNKNOWN if unit in units else UNKNOWN,)
        if by != pb.BREAKDOWN_UNIT:
            return (value or UNKNOWN,)
        if not unit:
            return (UNKNOWN,)
        return _with_upper(unit) if with_lower_units else (unit,)

    return Breakdown(COLUMN_OF[by], keys_of)


def _with_upper(unit: str) -> tuple[str, ...]:
    parts = unit.split(".")
    return tuple(".".join(parts[:length]) for length in range(1, len(parts) + 1))
