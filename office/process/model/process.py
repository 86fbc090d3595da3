"""A process as a value: the steps by which a case is worked. ``repository.py`` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from office.process.model.conditions import ALWAYS, Circumstances, Condition, holds
from office.worktime.durations import NO_DURATION, Duration, DurationUnit
from office.worktime.warning_rule import WarningRule

_A_WORKING_DAY = Duration(Fraction(1), DurationUnit.WORKING_DAY)
UNSIGNED = "none"
"""Instead of a signing role: documents of the kind stay drafts."""
IMPORTED = "imported"
"""The process of every dossier imported from another system."""


class UnknownProcess(LookupError):
    """There is no such process, or not in this version."""

    def __init__(self, name: str, version: int | None = None) -> None:
        which = "" if version is None else f" in version {version}"
        super().__init__(f"process {name!r}{which} is not defined")
        self.name = name
        self.version = version


@dataclass(frozen=True, slots=True)
class Title:
    """A title in both languages."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A named transition from one step to another; ``back`` ones return the case for rework."""

    name: str
    title: Title
    to: str
    when: Condition = ALWAYS
    back: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A duration after which a current step takes a transition without an officer."""

    after: Duration
    take: str


@dataclass(frozen=True, slots=True)
class Consultation:
    """A question to another unit, asked when its step becomes current; all of them at once.

    ``waits``: the step is not completed before it is answered.
    """

    name: str
    title: Title
    unit: str
    role: str
    time_limit: Duration = NO_DURATION
    waits: bool = True
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class Child:
    """A dossier of its own at another agency, opened when its step becomes current.

    ``waits``: the step is not completed before the other agency has resolved it.
    """

    name: str
    title: Title
    procedure: str
    waits: bool = True
    when: Condition = ALWAYS


class FactKind(StrEnum):
    """The kind of values of a stated fact."""

    CHOICE = "choice"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that an officer states of a case: one of ``values``, or a whole number."""

    name: str
    title: Title
    kind: FactKind
    values: tuple[str, ...] = ()
    titles: Mapping[str, Title] = field(default_factory=dict, hash=False)
    """The titles of values that have one."""

    def allows(self, value: str) -> bool:
        """Return whether a value is one that the fact can have."""
        if self.kind is FactKind.CHOICE:
            return value in self.values
        return value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()


@dataclass(frozen=True, slots=True)
class DocumentRule:
    """How a kind of outgoing document is made: ``review`` is the reviewing role, empty for none,
    ``sign`` the signing role, ``UNSIGNED`` for none.

    ``required``: the act that it announces is refused before the document is signed.
    """

    kind: str
    review: str = "head"
    sign: str = "leader"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a process. ``unit`` is ``dossier``, ``parent`` or the code of a unit."""

    name: str
    title: Title
    unit: str
    role: str
    time_limit: Duration = NO_DURATION
    transitions: tuple[Transition, ...] = ()
    resolves: bool = False
    warning: WarningRule | None = None
    """None: the process's own rule."""
    national_state: int = 4
    states: tuple[str, ...] = ()
    """The facts that an officer must state on completion."""
    timers: tuple[Timer, ...] = ()
    consultations: tuple[Consultation, ...] = ()
    children: tuple[Child, ...] = ()

    @property
    def next(self) -> tuple[str, ...]:
        """The steps that may follow in any circumstances."""
        return tuple(
            dict.fromkeys(transition.to for transition in self.transitions if not transition.back)
        )

    @property
    def back(self) -> tuple[str, ...]:
        """The steps to which it may return a case in any circumstances."""
        return tuple(
            dict.fromkeys(transition.to for transition in self.transitions if transition.back)
        )

    def open_transitions(
        self, circumstances: Circumstances, *, back: bool = False
    ) -> list[Transition]:
        """Return the transitions whose condition holds, in the order of the file."""
        return [
            transition
            for transition in self.transitions
            if transition.back is back and holds(transition.when, circumstances)
        ]

    def transition(self, name: str) -> Transition | None:
        """Return a transition by its name; None for an unknown one."""
        return next(
            (transition for transition in self.transitions if transition.name == name), None
        )

    def unit_of(self, dossier_unit: str) -> str:
        """Return the unit that does this step for a dossier of ``dossier_unit``.

        The unit above one at the top is that unit itself.
        """
        return unit_of(self.unit, dossier_unit)


def unit_of(rule: str, dossier_unit: str) -> str:
    """Return the unit that ``dossier``, ``parent`` or a code stands for."""
    if rule == "dossier":
        return dossier_unit
    if rule == "parent":
        return dossier_unit.rpartition(".")[0] or dossier_unit
    return rule


@dataclass(frozen=True)
class Process:
    """One version of a process; a case begins at its first step."""

    name: str
    version: int
    title: Title
    steps: tuple[Step, ...]
    warning: WarningRule
    supplement_rounds: int
    supplement_period: Duration
    facts: tuple[Fact, ...] = ()
    documents: Mapping[str, DocumentRule] = field(default_factory=dict)
    first_action_within: Duration = _A_WORKING_DAY
    """The time within which an officer must begin on a step."""
    _steps: Mapping[str, Step] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_steps", {step.name: step for step in self.steps})

    @property
    def first(self) -> Step:
        """The step at which a case begins."""
        return self.steps[0]

    def step(self, name: str) -> Step:
        """Return a step by its name; raise ``KeyError``."""
        return self._steps[name]

    def has(self, name: str) -> bool:
        """Return whether there is a step of this name."""
        return name in self._steps

    def fact(self, name: str) -> Fact | None:
        """Return a stated fact by its name; None for an unknown one."""
        return next((fact for fact in self.facts if fact.name == name), None)

    def document(self, kind: str) -> DocumentRule:
        """Return the rule of a kind of outgoing document."""
        return self.documents.get(kind, DocumentRule(kind))

    def warning_for(self, step: Step) -> WarningRule:
        """Return the rule by which a step's due date is warned of."""
        return self.warning if step.warning is None else step.warning


class Processes:
    """All versions of all processes."""

    def __init__(self, processes: Iterable[Process]) -> None:
        self._all = {(p.name, p.version): p for p in processes}
        self._latest: dict[str, Process] = {}
        for _, process in sorted(self._all.items()):
            self._latest[process.name] = process

    def get(self, name: str, version: int) -> Process:
        """Return one version of a process; raise ``UnknownProcess``."""
        try:
            return self._all[name, version]
        except KeyError:
            raise UnknownProcess(name, version) from None

    def has(self, name: str, version: int) -> bool:
        """Return whether there is this version of a process."""
        return (name, version) in self._all

    def latest(self, name: str) -> Process:
        """Return the version with which new cases are opened; raise ``UnknownProcess``."""
        try:
            return self._latest[name]
        except KeyError:
            raise UnknownProcess(name) from None

    def all(self) -> list[Process]:
        """Return them sorted by name and version."""
        return [process for _, process in sorted(self._all.items())]
