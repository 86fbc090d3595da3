"""Who above the officer is notified of a due date, and when: a policy for each unit, as a value.

``config/escalation_files.py`` reads them. A level is notified before the due date (``4wh`` before
it, or when 75 % of the limit is used), at it, or after it (``+1wd``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from kernel.base.instants import HOUR
from office.worktime import working_time
from office.worktime.durations import Duration, DurationUnit
from office.worktime.working_time import Calendar
from services.routing.domain.due_dates import EscalationLevel

STEP_UNIT, DOSSIER_UNIT, PARENT = "step", "dossier", "parent"
STEP, DOSSIER, BOTH, CHECK = "step", "dossier", "both", "check"
"""Whose due dates a level is notified of; ``both``: a step's and a dossier's, not the check's."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One level of a policy, before it is known which due date is meant.

    Told when ``share`` (0 to 1) of the limit is used, ``lead`` before the due date, ``after`` it,
    or, with none of them, at it. ``unit`` is ``step`` (the unit that has the work), ``dossier``
    (the one that answers for the dossier), ``parent`` (the one above that) or the code of a unit.
    """

    name: str
    role: str
    unit: str = STEP_UNIT
    share: Fraction | None = None
    lead: Duration | None = None
    after: Duration | None = None
    of: str = BOTH


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """The levels of a unit, the lowest first."""

    stages: tuple[Stage, ...] = ()

    def of(self, whose: str) -> tuple[Stage, ...]:
        """List the levels that are told of due dates of steps, of the dossier, or of the check."""
        meant = (whose,) if whose == CHECK else (whose, BOTH)
        return tuple(stage for stage in self.stages if stage.of in meant)


NO_ESCALATION = EscalationPolicy()


class EscalationPolicies:
    """The policies of all units; the longest code that a unit's begins with decides."""

    def __init__(
        self, policies: Mapping[str, EscalationPolicy] | Iterable[tuple[str, EscalationPolicy]] = ()
    ) -> None:
        """``""`` names the policy of every unit that has none of its own."""
        self._policies = dict(policies)

    def of(self, unit: str) -> EscalationPolicy:
        """Return the policy of a unit; that of no unit is empty."""
        name = unit
        while name:
            if name in self._policies:
                return self._policies[name]
            name = name.rpartition(".")[0]
        return self._policies.get("", NO_ESCALATION)


def unit_of(stage: Stage, unit: str, dossier_unit: str) -> str:
    """Return the unit that a level is told in: ``unit`` has the work, ``dossier_unit`` answers."""
    parent = dossier_unit.rpartition(".")[0] or dossier_unit
    units = {STEP_UNIT: unit, DOSSIER_UNIT: dossier_unit, PARENT: parent}
    return units.get(stage.unit, stage.unit)


def levels_of(
    stages: Iterable[Stage],
    calendar: Calendar,
    run: tuple[int, int],
    unit: str,
    dossier_unit: str,
) -> tuple[EscalationLevel, ...]:
    """Return the levels of a limit that runs from one instant to another, in order of time.

    ``unit`` has the work. A level whose instant is not after the start is told at the due date.
    """
    levels = [
        EscalationLevel(
            stage.name,
            unit_of(stage, unit, dossier_unit),
            stage.role,
            _instant(stage, calendar, *run),
        )
        for stage in stages
    ]
    return tuple(sorted(levels, key=lambda level: level.at))


def _instant(stage: Stage, calendar: Calendar, start_at: int, due_at: int) -> int:
    if stage.after is not None:
        after = working_time.due_at(calendar, due_at, stage.after)
        return due_at if after is None else after
    at = due_at
    if stage.lead is not None:
        at = working_time.latest_start(calendar, due_at, stage.lead)
    elif stage.share is not None:
        used = working_time.working_us(calendar, start_at, due_at) * stage.share
        if used <= 0:
            return due_at
        share = Duration(Fraction(used, HOUR), DurationUnit.WORKING_HOUR)
        found = working_time.due_at(calendar, start_at, share)
        at = due_at if found is None else found
    return at if at > start_at else due_at
