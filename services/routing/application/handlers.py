"""Commands on cases: facts are collected, the decider decides, and what it decided is written.

Runs in the writer's thread; nothing here calls out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, ResultChannel, ResultKind
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb

from kernel.auth.identity import Caller
from kernel.base.clock_skew import in_future, lies_ahead
from kernel.base.errors import Invalid, Refusal, Refused
from kernel.base.instants import instant_in, local_date
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.catalogue.known_units import known_units
from office.people.access_scope import AccessScope, access_scope_of
from office.people.directory import Directory
from office.people.rights import require_own_unit
from office.permissions import shipped
from office.process.model.process import IMPORTED, Process, Processes, UnknownProcess
from office.worktime.calendars.model import Calendars
from office.worktime.durations import NO_LIMIT, Duration, limit_of
from office.worktime.working_time import ResumePolicy
from services.routing.application.append_events import write
from services.routing.application.child_consequences import above, consequences, log_withheld
from services.routing.application.delegate_work import Delegate, standing_for
from services.routing.application.end_absence import EndAbsence
from services.routing.application.request_checks import wrong_fields
from services.routing.domain.context import DecisionContext
from services.routing.domain.decider import State, decide
from services.routing.domain.escalation import NO_ESCALATION, EscalationPolicies
from services.routing.domain.guards import within
from services.routing.domain.refusals import case
from services.routing.queries.case import case_of
from services.routing.tables import CASES

OFFICE_ZONE: Final = "Asia/Ho_Chi_Minh"
Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)


class CaseHandlers:
    """The departments: their processes and calendars."""

    def __init__(
        self,
        processes: Processes,
        calendars: Callable[[], Calendars],
        ladders: EscalationPolicies | None = None,
        people: Callable[[], Directory] | None = None,
    ) -> None:
        """``calendars`` gives those by which the units work, ``people`` the directory; both are
        asked at each decision.

        Without ``ladders`` nobody above the officer is told of due dates; without ``people``
        anybody can be given work, and every unit does its own.
        """
        self.processes = processes
        self.ladders = ladders or EscalationPolicies()
        self.calendars = calendars
        self._people = people
        self.assign = Command(self, _case_in(pb.AssignStepResponse))
        self.complete = Command(self, _case_in(pb.CompleteStepResponse))
        self.send_back = Command(self, _case_in(pb.SendBackResponse))
        self.request_supplement = Command(self, _case_in(pb.RequestSupplementResponse))
        self.request_payment = Command(self, _case_in(pb.RequestPaymentResponse))
        self.confirm_payment = Command(self, _case_in(pb.ConfirmPaymentResponse))
        self.stop = Command(self, _case_in(pb.SuspendCaseResponse))
        self.resume = Command(self, _case_in(pb.ResumeCaseResponse))
        self.extend = Command(self, _case_in(pb.ExtendDeadlineResponse))
        self.close = Command(self, _case_in(pb.CloseCaseResponse))
        self.resolve = Command(self, _case_in(pb.ResolveCaseResponse))
        self.open_step = Command(self, _case_in(pb.OpenStepResponse))
        self.pull_back = Command(self, _case_in(pb.PullBackResponse))
        self.move_case = Command(self, _case_in(pb.MoveCaseResponse))
        self.set_participant = Command(self, _case_in(pb.SetParticipantResponse))
        self.delegate = Delegate(self)
        self.end_absence = EndAbsence(self)
        self.request_consultation = Command(self, _case_in(pb.RequestConsultationResponse))
        self.answer_consultation = Command(self, _case_in(pb.AnswerConsultationResponse))
        self.cancel_consultation = Command(self, _case_in(pb.CancelConsultationResponse))
        self.draft_document = Command(self, _case_in(pb.DraftDocumentResponse))
        self.review_document = Command(self, _case_in(pb.ReviewDocumentResponse))
        self.correct = Command(self, _case_in(pb.CorrectCaseResponse))
        self.answer_withdrawal = Command(self, _case_in(pb.AnswerWithdrawalResponse))
        self.record = Command(self, _steps_in(pb.RecordStepResponse))
        self.complete_import = Command(self, _steps_in(pb.CompleteImportResponse))

    @property
    def people(self) -> Directory | None:
        """The directory as it is now; None when there is none."""
        return self._people() if self._people else None

    def facts(
        self,
        row: Row,
        process: Process,
        at: int,
        actor: Actor,
        roles: frozenset[str] | None = None,
    ) -> DecisionContext:
        """Collect what a decision needs; ``row`` holds what intake said of the dossier."""
        imported = bool(row["imported_from"])
        # Another system's limits are not counted here: its promised date is taken as it was.
        limit = NO_LIMIT if imported else limit_of(row["time_limit"] or "none")
        return DecisionContext(
            at=at,
            actor=actor,
            process=process,
            calendar=self.calendars().calendar_for(row["dossier_unit"] or "", at),
            unit=self.unit_now(row["dossier_unit"] or "", at),
            time_limit=limit,
            resume_policy=ResumePolicy(row["resume_policy"] or ResumePolicy.KEEP),
            rounds=row["supplement_rounds"],
            period=Duration.parse(period) if (period := row["supplement_period"]) else None,
            result_channel=row["result_channel"] or ResultChannel.RESULT_CHANNEL_UNSPECIFIED,
            result_kind=row["result_kind"] or ResultKind.RESULT_KIND_UNSPECIFIED,
            imported=imported,
            withdrawals=row["withdrawals"] or 0,
            withdrawal_reason=row["withdrawal_reason"] or "",
            channel=row["channel"] or 0,
            level=row["level"] or 0,
            procedure=row["procedure_code"] or "",
            roles=roles,
            ladder=NO_ESCALATION if imported else self.ladders.of(row["dossier_unit"] or ""),
        )

    def today(self, state: State, at: int) -> State:
        """Return a case with the units that do the work of its step and answer its
        questions now.
        """
        asked = tuple(
            replace(each, successor_unit=successor)
            if (successor := self.unit_now(each.unit, at)) != each.unit
            else each
            for each in state.work.asked
        )
        work = replace(state.work, asked=asked)
        return replace(state, unit=self.unit_now(state.unit, at), work=work)

    def day(self, at: int) -> date:
        """Return the office's local day of an instant."""
        return local_date(at, OFFICE_ZONE)

    def unit_now(self, unit: str, at: int) -> str:
        """Return the unit that does a unit's work at an instant: itself, or its successor."""
        people = self.people
        if people is None or not unit:
            return unit
        return people.responsible_unit(unit, local_date(at, OFFICE_ZONE))

    def sight(self, who: Caller, at: int) -> AccessScope | None:
        """Return what a caller sees at an instant; None: every dossier."""
        people = self.people
        units = people.units if people else {}
        return access_scope_of(who, units, local_date(at, OFFICE_ZONE))

    def check(self, request: Message, at: int) -> None:
        """Raise ``Invalid`` when a request names what there is not."""
        units = known_units(self.people)
        wrong = wrong_fields(request, units, shipped().roles, self.day(at))
        if wrong:
            raise Invalid(wrong)

    def check_assignee(self, request: Message, state: State, facts: DecisionContext) -> None:
        """Raise ``Refused`` when work is given to somebody whom the directory does not have there,
        in that role, on that day; to somebody away only while another stands in.
        """
        people = self.people
        if people is None or not isinstance(request, pb.AssignStepRequest):
            return
        if request.step != state.step:
            return  # the decision says what became of the step
        role, day = facts.process.step(state.step).role, local_date(facts.at, OFFICE_ZONE)
        code, words = people.obstacle_to_work(request.assignee, state.unit, role, day)
        if code == "OFFICER_AWAY" and any(each.runs(facts.at) for each in facts.standing):
            return  # somebody stands in
        if code:
            raise Refused(case.refusal(code, **words))

    def process_of(self, state: State, row: Row, wanted: str = "") -> Process:
        """Return the process of a case, or the one with which ``wanted`` is to be opened.

        Raise ``UnknownProcess``.
        """
        if state.process:
            return self.processes.get(state.process, state.version)
        return self.processes.latest(IMPORTED if row["imported_from"] else wanted or IMPORTED)

    def known_process(self, state: State, row: Row) -> Process:
        """Return the process of a case; raise ``Refused``, naming it, when no file holds it now."""
        try:
            return self.process_of(state, row)
        except UnknownProcess as error:
            names = {"process": error.name, "version": error.version}
            raise Refused(case.refusal("PROCESS_MISSING", **names)) from None

    def asked_process(self, request: Any, state: State, row: Row) -> Process:
        """Return the process by which a request is judged: for a move the one to which it moves."""
        if not isinstance(request, pb.MoveCaseRequest):
            return self.known_process(state, row)
        name, version = request.process or state.process, request.process_version
        try:
            return self.processes.get(name, version)
        except UnknownProcess:
            unknown = case.refusal("UNKNOWN_PROCESS", process=name, version=version)
            raise Refused(unknown) from None


@dataclass(frozen=True)
class Command(Generic[A]):
    """One command as the kernel runs it; ``again`` gives its answer after a rebuild."""

    office: CaseHandlers
    answer: Callable[[Row, int], A]

    def __call__(self, uow: UnitOfWork, request: Any, call: Call) -> A:
        """Decide and write; raise ``Invalid``, ``NotFound``, ``Forbidden`` and ``Refused``."""
        call = _when(request, call)
        self.office.check(request, call.now)
        code = request.dossier_code
        row = uow.get(CASES, code)
        if row is None:
            raise case.no_such_dossier()
        state: State = self.office.today(uow.state(code), call.occurred_at)
        process = self.office.asked_process(request, state, row)
        roles = known_roles(call)
        facts = self.office.facts(row, process, call.occurred_at, call.actor, roles)
        standing = standing_for(uow, request, state, facts.at)
        named = call.rule is not None and bool(call.rule.roles)
        facts = replace(facts, standing=standing, roles_named=named, above=above(uow, row))
        require_own_unit(call.rule, call.actor, facts.unit, within)
        self.office.check_assignee(request, state, facts)
        outcome = decide(state, request, facts)
        if isinstance(outcome, Refusal):
            raise Refused(outcome)
        write(uow, code, outcome, call)
        log_withheld(code, outcome)
        doer = replace(call, actor=uow.system_actor())
        for said in consequences(uow, row, outcome, call.occurred_at):
            uow.append_call(said.stream_id, [said.payload], doer)
        return self.answer(uow.get(CASES, code) or row, call.now)

    def again(self, uow: UnitOfWork, request: Any, call: Call, _events: Sequence[Event]) -> A:
        """Answer a command that was carried out before: with the case as it is."""
        row = uow.get(CASES, request.dossier_code)
        if row is None:
            raise case.no_such_dossier()
        return self.answer(row, call.now)


def known_roles(call: Call) -> frozenset[str] | None:
    """Return the roles that an officer's token names; None for others, and where there is
    no door.
    """
    officer = call.actor.kind == ActorKind.ACTOR_KIND_OFFICER and call.rule is not None
    return call.roles if officer else call.roles or None


def _when(request: Message, call: Call) -> Call:
    """Take an importer's word for when it happened, unless it lies in the future."""
    importer = call.actor.kind == ActorKind.ACTOR_KIND_IMPORTER
    if not importer or "occurred_at" not in request.DESCRIPTOR.fields_by_name:
        return call
    at = instant_in(request, "occurred_at")
    if at is None:
        return call
    if lies_ahead(at, call.now):
        raise Invalid([in_future("occurred_at")])
    return replace(call, occurred_at=at)


def _case_in(response: Callable[..., A]) -> Callable[[Row, int], A]:
    return lambda row, now: response(case=case_of(row, now))


def _steps_in(response: Callable[..., A]) -> Callable[[Row, int], A]:
    return lambda row, _now: response(steps=row["recorded"] or 0)
