"""How a case is shared among officers and units: a part of the state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kernel.base.frozen_copy import replace
from kernel.base.instants import MINUTE
from office.people.directory import below
from office.worktime.deadline_basis import DeadlineBasis
from services.routing.domain.due_dates import Cause, DueDate

_A_MOMENT: Final = MINUTE


@dataclass(frozen=True, slots=True)
class StepTimer:
    """A way out of the current step that is taken by itself, and how its instant was computed.

    One that does not lead ``back`` completes the step, which waits for what it has to wait for.
    """

    name: str
    at: int
    basis: DeadlineBasis | None = None
    back: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The step that was left last, as it was then: what a pull back makes current again."""

    step: str
    unit: str
    assignee: str
    limit: DueDate | None
    timers: tuple[StepTimer, ...]
    national_state: int
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitAnswer:
    """What an asked unit said, and when (microseconds UTC)."""

    at: int
    opinion: int
    text: str


@dataclass(frozen=True, slots=True)
class AskedUnit:
    """A question to another unit."""

    number: int
    name: str
    unit: str
    role: str
    step: str
    question: str
    waits: bool
    open: bool = True
    limit: DueDate | None = None
    """Until when an answer is expected."""
    asked_by: str = ""
    """The officer who thought of it; empty for one that the process asks."""
    cancelled_for: str = ""
    """Why it was taken back; empty for one that was not."""
    successor_unit: str = ""
    """The unit that does the asked unit's work now, where that is another one."""
    asked_at: int = 0
    answer: UnitAnswer | None = None
    cancelled_at: int | None = None
    """Instants in microseconds UTC."""

    @property
    def answers(self) -> str:
        """Return the unit that is to answer now."""
        return self.successor_unit or self.unit


@dataclass(frozen=True, slots=True)
class ChildOf:
    """A dossier that another agency works on for this one; ``ending`` is empty while it is open."""

    number: int
    name: str
    procedure: str
    step: str
    waits: bool
    ending: str = ""
    result_number: str = ""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Somebody stands in for an officer; instants in microseconds UTC."""

    officer: str
    substitute: str
    begins_at: int
    ends_at: int
    ended_in: tuple[str, ...] = ()
    """The units for whose work, and that of those below them, it was ended early."""

    def holds(self, other: Delegation) -> bool:
        """Return whether this lets the same substitute act until the same end, wherever the other
        does and no later; but for a moment, because two who ask "from now" are served in either
        order.
        """
        same = (self.officer, self.substitute, self.ends_at)
        later = self.begins_at <= other.begins_at + _A_MOMENT
        wide = set(self.ended_in) <= set(other.ended_in)
        return later and wide and same == (other.officer, other.substitute, other.ends_at)

    def runs(self, at: int) -> bool:
        """Return whether it has begun by an instant and not ended, for some work at least."""
        return self.begins_at <= at < self.ends_at

    def covers(self, unit: str) -> bool:
        """Return whether it was not ended early for the work of a unit."""
        return not any(below(unit, each) for each in self.ended_in)

    def active(self, at: int, unit: str) -> bool:
        """Return whether the substitute may act at an instant on a step of a unit."""
        return self.runs(at) and self.covers(unit)

    def ended(self, unit: str, at: int) -> Delegation:
        """Return it as it is when it ends at an instant for the work of a unit; empty for all."""
        if not unit:
            return replace(self, ends_at=min(self.ends_at, at))
        return replace(self, ended_in=(*self.ended_in, unit))


@dataclass(frozen=True, slots=True)
class Draft:
    """An outgoing paper on its way."""

    number: int
    kind: int
    sha256: str
    drafted_by: str
    result: int = 0
    """Which result a result paper is for."""
    round: int = 0
    """Which request for a supplement a supplement paper is for."""
    reviewed_by: str = ""
    signed_by: str = ""
    refused: bool = False
    document_number: str = ""
    sent_back: bool = False
    """The case was sent back after a result paper: it no longer counts."""


@dataclass(frozen=True, slots=True)
class Work:
    """How a case is shared among officers and units."""

    opened_by: str = ""
    """Who looked at the current step first; empty before."""
    first_action_by: str = ""
    """Who has first done something since the current step became current; empty before."""
    moved_by: str = ""
    moved_at: int = 0
    """Who made the current step current, and when."""
    left: Left | None = None
    timers: tuple[StepTimer, ...] = ()
    timers_cause: Cause | None = None
    """The event that set the timers; None before any did."""
    national_state: int = 0
    facts: tuple[tuple[str, str], ...] = ()
    participants: tuple[tuple[str, int], ...] = ()
    asked: tuple[AskedUnit, ...] = ()
    delegations: tuple[Delegation, ...] = ()
    drafts: tuple[Draft, ...] = ()
    children: tuple[ChildOf, ...] = ()
    result_number: str = ""
    explanation: str = ""
    resolved_by: str = ""
    """The officer who gave the result; empty before, and where another system did."""

    def participation(self, officer: str) -> int:
        """Return what an officer does beside the assignee; 0 for nothing."""
        return dict(self.participants).get(officer, 0)

    def stands_in(self, substitute: str, officer: str, at: int, unit: str) -> bool:
        """Return whether one may act for the other at an instant, on a step of a unit."""
        return any(
            each.officer == officer and each.substitute == substitute and each.active(at, unit)
            for each in self.delegations
        )

    def waiting(self, step: str) -> list[AskedUnit]:
        """List the open questions for which a step waits."""
        return [each for each in self.asked if each.open and each.waits and each.step == step]

    def question(self, number: int) -> AskedUnit | None:
        """Return a question by its number."""
        return next((each for each in self.asked if each.number == number), None)

    def limited(self, number: int, change: Callable[[DueDate], DueDate]) -> Work:
        """Change what is known of the limit of a question."""
        asked = self.question(number)
        if asked is None or asked.limit is None:
            return self
        changed = replace(asked, limit=change(asked.limit))
        return replace(self, asked=tuple(changed if q is asked else q for q in self.asked))

    def unfinished(self, step: str) -> list[ChildOf]:
        """List the open children for which a step waits."""
        return [c for c in self.children if not c.ending and c.waits and c.step == step]

    def next_timer(self, step: str) -> StepTimer | None:
        """Return the way out of a step that is taken next by itself; None while all are held up."""
        held = bool(self.waiting(step) or self.unfinished(step))
        free = [timer for timer in self.timers if timer.back or not held]
        return min(free, key=lambda timer: (timer.at, timer.name), default=None)

    def draft(self, number: int) -> Draft | None:
        """Return a draft by its number."""
        return next((each for each in self.drafts if each.number == number), None)

    def latest(self, kind: int) -> Draft | None:
        """Return the latest draft of a kind."""
        return next((each for each in reversed(self.drafts) if each.kind == kind), None)


NOTHING = Work()
