"""What a decision needs beside the state: who, when, by which process, calendar and limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, ResultChannel, ResultKind
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp, to_us
from office.process.model.circumstances import circumstances
from office.process.model.process import Process, Step
from office.worktime import working_time
from office.worktime.deadline_basis import DeadlineBasis
from office.worktime.durations import NO_LIMIT, Duration, TimeLimit
from office.worktime.warning_rule import WarningRule, warn_at
from office.worktime.working_time import Calendar, ResumePolicy
from services.routing.domain.collaboration_state import Delegation, Work
from services.routing.domain.due_dates import DueDate
from services.routing.domain.escalation import (
    DOSSIER,
    NO_ESCALATION,
    STEP,
    EscalationPolicy,
    Stage,
    levels_of,
)
from services.routing.domain.state import INITIAL, State

Decision = list[Message] | Refusal
"""The events that follow, none where nothing does, or why it must not be."""


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """The circumstances of one decision; instants in microseconds UTC."""

    at: int
    """When it happens in the world."""
    actor: Actor
    process: Process
    """The process of the case, or the one with which it is to be opened."""
    calendar: Calendar
    unit: str
    """The unit that answers for the dossier."""
    time_limit: TimeLimit = NO_LIMIT
    """The dossier's limit, as its acceptance says."""
    resume_policy: ResumePolicy = ResumePolicy.KEEP
    rounds: int | None = None
    """How often the procedure lets papers be asked for; None: as often as the process."""
    period: Duration | None = None
    """How long the procedure gives the citizen to answer; None: as long as the process."""
    result_channel: ResultChannel = ResultChannel.RESULT_CHANNEL_UNSPECIFIED
    result_kind: ResultKind = ResultKind.RESULT_KIND_UNSPECIFIED
    """What the procedure says the result will be."""
    opened: Callable[[str], str] = str
    """Opens a text of the state, which is sealed there."""
    imported: bool = False
    """The dossier was brought in from another system."""
    escalation_policy: EscalationPolicy = NO_ESCALATION
    """Who above the officer is told of due dates."""
    above: int = 0
    """How many dossiers stand above this one, each of which was opened for the one above it."""
    withdrawals: int = 0
    """Counts the citizen's wishes to withdraw the dossier."""
    channel: int = 0
    level: int = 0
    procedure: str = ""

    @property
    def supplement_rounds(self) -> int:
        """How often papers may be asked for: a procedure may allow fewer times than its process,
        whose conditions were proved for no more.
        """
        most = self.process.supplement_rounds
        return most if self.rounds is None else min(self.rounds, most)

    @property
    def supplement_period(self) -> Duration:
        """How long the citizen has to answer."""
        return self.process.supplement_period if self.period is None else self.period

    def circumstances(self, work: Work, rounds: int) -> dict[str, str]:
        """Return what conditions of a process can look at; ``rounds`` of supplements were asked."""
        return circumstances(
            procedure=self.procedure,
            unit=self.unit,
            channel=self.channel,
            level=self.level,
            result_channel=int(self.result_channel),
            rounds=rounds,
            stated=work.facts,
        )

    standing: tuple[Delegation, ...] = ()
    """Who stands in, now or later, for the officer whom the case is about to reach."""
    roles: frozenset[str] | None = None
    """The roles of the one who asks; None where they are not known, and not asked for."""
    roles_named: bool = False
    """The table of permissions names the roles for what is asked, and the caller has one of them.
    """

    def has_role(self, role: str) -> bool:
        """Return whether the one who asks may act in a role."""
        return self.roles is None or not role or role in self.roles

    @property
    def by_importer(self) -> bool:
        """Return whether a program that brings in history asks."""
        return self.actor.kind == ActorKind.ACTOR_KIND_IMPORTER


@dataclass(frozen=True, slots=True)
class Target:
    """Whose due date is meant: what its warning and its escalation follow from."""

    rule: WarningRule
    stages: tuple[Stage, ...]
    unit: str
    """The unit that has the work."""


def of_dossier(context: DecisionContext) -> Target:
    """Mean the promised date of the dossier."""
    return Target(context.process.warning, context.escalation_policy.of(DOSSIER), context.unit)


def of_step(context: DecisionContext, step: Step, unit: str) -> Target:
    """Mean the limit of a step that ``unit`` has to do."""
    return Target(context.process.warning_for(step), context.escalation_policy.of(STEP), unit)


def of_first_action(context: DecisionContext, step: Step, unit: str) -> Target:
    """Mean the time in which ``unit`` is to begin on a step; nobody above it is told of that."""
    return Target(context.process.warning_for(step), (), unit)


def of_consultation(context: DecisionContext, unit: str) -> Target:
    """Mean the time in which ``unit`` is to answer a question; it is work as a step is."""
    return Target(context.process.warning, context.escalation_policy.of(STEP), unit)


def limit(context: DecisionContext, target: Target, start_at: int, due_at: int) -> DueDate:
    """Return a due date that runs from ``start_at`` with its warning and its escalation."""
    warning = warn_at(context.calendar, target.rule, start_at, due_at)
    run = (start_at, due_at)
    levels = levels_of(target.stages, context.calendar, run, target.unit, context.unit)
    return DueDate(due_at, warning, escalation_levels=levels)


def enter(
    step: Step, context: DecisionContext, start_at: int, state: State = INITIAL
) -> CurrentStep:
    """Describe a step that becomes current at ``start_at``, with its own due date.

    It tells what the due date follows from. Somebody is to begin on the step within the process's
    time; a step that is due before that needs no such watch, nor does another system's history.
    ``state`` tells what was stated and done before.
    """
    unit = step.unit_of(context.unit)
    current = CurrentStep(step=step.name, unit=unit, role=step.role)
    current.national_state = step.national_state
    _set_timers(current, step, context, start_at, state)
    due_at = working_time.due_at(context.calendar, start_at, step.time_limit)
    if due_at is not None:
        write_basis(
            current, DeadlineBasis(start_at, str(step.time_limit), context.calendar.version)
        )
        set_limit(current, limit(context, of_step(context, step, unit), start_at, due_at))
    if not context.imported:
        set_first_action(current, context, step, start_at)
    return current


def _set_timers(
    current: CurrentStep, step: Step, context: DecisionContext, start_at: int, state: State
) -> None:
    """Write which ways are taken by themselves, and when: those that an officer could take.

    Not one that would complete a step which asks for attributes that nobody has stated, nor one
    that leads back to where the case never was.
    """
    stated = {name for name, _ in state.work.facts}
    for timer in step.timers:
        way = step.transition(timer.take)
        if way is None or not (
            way.to in state.done if way.back else stated.issuperset(step.states)
        ):
            continue
        at = working_time.due_at(context.calendar, start_at, timer.after)
        if at is not None:
            timing = current.timers.add(transition=way.name, at=to_timestamp(at), back=way.back)
            write_basis(timing, DeadlineBasis(start_at, str(timer.after), context.calendar.version))


def set_first_action(
    current: CurrentStep, context: DecisionContext, step: Step, start_at: int
) -> None:
    """Write by when somebody is to have begun on a step, and when to warn of that, unless it is due
    before.
    """
    by = working_time.due_at(context.calendar, start_at, context.process.first_action_within)
    if by is not None and not (current.HasField("due_at") and to_us(current.due_at) <= by):
        current.first_action_due_at.CopyFrom(to_timestamp(by))
        warning = limit(context, of_first_action(context, step, current.unit), start_at, by).warn_at
        if warning is not None:
            current.first_action_warn_at.CopyFrom(to_timestamp(warning))
        current.first_action_limit = str(context.process.first_action_within)
        current.first_action_started_at.CopyFrom(to_timestamp(start_at))
        current.calendar_version = context.calendar.version


def write_basis(message: Any, basis: DeadlineBasis | None) -> None:
    """Write how a due date was computed into ``time_limit``, ``started_at``, ``calendar_version``
    and, where it has some, ``pauses``; nothing for one that was not computed.
    """
    if basis is None:
        return
    message.time_limit = basis.time_limit
    message.started_at.CopyFrom(to_timestamp(basis.start_at))
    message.calendar_version = basis.calendar_version
    for since, until in basis.pauses:
        message.pauses.add(suspended_at=to_timestamp(since), resumed_at=to_timestamp(until))


def set_limit(message: Any, limit: DueDate | None) -> None:
    """Write a due date into ``due_at``, ``warn_at`` and ``escalation_levels`` of a message."""
    if limit is None:
        return
    message.due_at.CopyFrom(to_timestamp(limit.due_at))
    if limit.warn_at is not None:
        message.warn_at.CopyFrom(to_timestamp(limit.warn_at))
    for level in limit.escalation_levels:
        at = to_timestamp(level.at)
        message.escalation_levels.add(name=level.name, unit=level.unit, role=level.role, at=at)
