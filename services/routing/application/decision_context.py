"""Collects the context of decisions on cases: process, calendar, units, and who stands in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, ResultChannel, ResultKind
from motcua.routing.v1 import routing_pb2 as pb

from kernel.auth.identity import Caller
from kernel.base.errors import Refusal, Refused
from kernel.base.instants import local_date
from kernel.eventsourcing.command_context import Call
from kernel.storage.row_cache import Row
from office.catalogue.dossier_code import OFFICE_ZONE
from office.people.access_scope import AccessScope, access_scope_of
from office.people.directory import Directory, works
from office.process.model.process import IMPORTED, Process, Processes, UnknownProcess
from office.worktime.calendars.model import Calendars
from office.worktime.durations import NO_LIMIT, Duration, limit_of
from office.worktime.working_time import ResumePolicy
from services.routing.application.refusal_words import RefusalWords
from services.routing.domain.context import DecisionContext
from services.routing.domain.decider import State
from services.routing.domain.escalation import NO_ESCALATION, EscalationPolicies
from services.routing.domain.refusals import case


class CaseContextLoader:
    """The processes, calendars, escalation policies and people by which cases are decided."""

    def __init__(
        self,
        processes: Processes,
        calendars: Callable[[], Calendars],
        policies: EscalationPolicies | None = None,
        people: Callable[[], Directory] | None = None,
    ) -> None:
        """``calendars`` gives those by which the units work, ``people`` the directory; both are
        asked at each decision.

        Without ``policies`` nobody above the officer is told of due dates; without ``people``
        anybody can be given work, and every unit does its own.
        """
        self.processes = processes
        self.policies = policies or EscalationPolicies()
        self.calendars = calendars
        self._people = people

    @property
    def people(self) -> Directory | None:
        """The directory as it is now; None when there is none."""
        return self._people() if self._people else None

    def refused(self, refusal: Refusal, process: Process | None = None) -> Refused:
        """Return the failure of a refusal, in the words of a process and of the directory."""
        return Refused(RefusalWords(self.people, process).of(refusal))

    def context_of(
        self,
        row: Row,
        process: Process,
        at: int,
        actor: Actor,
        roles: frozenset[str] | None = None,
    ) -> DecisionContext:
        """Return the context of a decision; ``row`` holds what intake's events tell of the
        dossier, ``at`` is in microseconds.
        """
        imported = bool(row["imported_from"])
        # Another system's limits are not counted here: its promised date is taken as it was.
        limit = NO_LIMIT if imported else limit_of(row["time_limit"] or "none")
        return DecisionContext(
            at=at,
            actor=self.with_rights(actor, at),
            process=process,
            calendar=self.calendars().calendar_for(row["dossier_unit"] or "", at),
            unit=self.responsible_unit(row["dossier_unit"] or "", at),
            time_limit=limit,
            resume_policy=ResumePolicy(row["resume_policy"] or ResumePolicy.KEEP),
            rounds=row["supplement_rounds"],
            period=Duration.parse(period) if (period := row["supplement_period"]) else None,
            result_channel=row["result_channel"] or ResultChannel.RESULT_CHANNEL_UNSPECIFIED,
            result_kind=row["result_kind"] or ResultKind.RESULT_KIND_UNSPECIFIED,
            imported=imported,
            withdrawals=row["withdrawals"] or 0,
            channel=row["channel"] or 0,
            level=row["level"] or 0,
            procedure=row["procedure_code"] or "",
            roles=roles,
            escalation_policy=NO_ESCALATION
            if imported
            else self.policies.of(row["dossier_unit"] or ""),
        )

    def with_present_units(self, state: State, at: int) -> State:
        """Return a case with the units that do the work of its step and answer its questions at an
        instant.
        """
        consultations = tuple(
            replace(each, successor_unit=successor)
            if (successor := self.responsible_unit(each.unit, at)) != each.unit
            else each
            for each in state.work.asked
        )
        work = replace(state.work, asked=consultations)
        return replace(state, unit=self.responsible_unit(state.unit, at), work=work)

    def day(self, at: int) -> date:
        """Return the office's local day of an instant."""
        return local_date(at, OFFICE_ZONE)

    def responsible_unit(self, unit: str, at: int) -> str:
        """Return the unit that does a unit's work at an instant: itself, or its successor."""
        people = self.people
        if people is None or not unit:
            return unit
        return people.responsible_unit(unit, self.day(at))

    def with_rights(self, actor: Actor, at: int) -> Actor:
        """Return who acts, without a unit that is dissolved at that instant: it gives no rights."""
        people = self.people
        if people is None or not actor.unit or works(actor.unit, people.units, self.day(at)):
            return actor
        return Actor(kind=actor.kind, id=actor.id)

    def access_scope(self, who: Caller, at: int) -> AccessScope | None:
        """Return what a caller sees at an instant; None: every dossier."""
        people = self.people
        return access_scope_of(who, people.units if people else {}, self.day(at))

    def scope_of(self, actor: Actor, at: int) -> AccessScope:
        """Return which dossiers an officer takes part in at an instant."""
        people = self.people
        return AccessScope(actor.unit, actor.id, people.units if people else {}, self.day(at))

    def process_of(self, state: State, row: Row, wanted: str = "") -> Process:
        """Return the process of a case, or the one with which ``wanted`` is to be opened.

        Raise ``UnknownProcess``.
        """
        if state.process:
            return self.processes.get(state.process, state.version)
        return self.processes.latest(IMPORTED if row["imported_from"] else wanted or IMPORTED)

    def process_for(self, request: Any, state: State, row: Row) -> Process:
        """Return the process by which a command is decided: the case's, or for a move the one to
        which it moves. Raise ``Refused`` naming one that no file holds.
        """
        try:
            if isinstance(request, pb.MoveCaseRequest):
                name = request.process or state.process
                return self.processes.get(name, request.process_version)
            return self.process_of(state, row)
        except UnknownProcess as error:
            moves = isinstance(request, pb.MoveCaseRequest)
            code = "UNKNOWN_PROCESS" if moves else "PROCESS_MISSING"
            names = {"process": error.name, "version": error.version}
            raise self.refused(case.refusal(code, **names)) from None

    def check_assignee(self, request: Message, state: State, context: DecisionContext) -> None:
        """Raise ``Refused`` when work is given to somebody whom the directory does not have there,
        in that role, on that day; to somebody away only while another stands in.
        """
        people = self.people
        if people is None or not isinstance(request, pb.AssignStepRequest):
            return
        if request.step != state.step:
            return  # the decision says what became of the step
        role, day = context.process.step(state.step).role, self.day(context.at)
        code, words = people.obstacle_to_work(request.assignee, state.unit, role, day)
        if code == "OFFICER_AWAY" and any(each.runs(context.at) for each in context.standing):
            return  # somebody stands in
        if code:
            raise self.refused(case.refusal(code, **words), context.process)


def known_roles(call: Call) -> frozenset[str] | None:
    """Return the roles that an officer's token names; None for others, and where no rule let the
    caller in.
    """
    officer = call.actor.kind == ActorKind.ACTOR_KIND_OFFICER and call.rule is not None
    return call.roles if officer else call.roles or None
