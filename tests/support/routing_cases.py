"""Cases to decide about: contexts with sensible defaults, and a case that remembers its events.

Times are wall-clock texts of the office, such as "2021-08-09 09:00".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, Part, ResultChannel, SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import CaseResult, DocumentKind, Opinion, Payment, SuspensionKind

from kernel.base.errors import Refusal
from kernel.base.instants import from_datetime, to_datetime, to_timestamp, zone
from office.worktime import working_time
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import TimeLimit
from office.worktime.working_time import ResumePolicy
from services.routing.domain.decider import INITIAL, DecisionContext, State, alarms, decide, evolve
from services.routing.domain.escalation import NO_ESCALATION, EscalationPolicy
from tests.support.deciding import Expected, assert_decided
from tests.support.events import make_event
from tests.support.office_files import standard_processes

TZ = "Asia/Ho_Chi_Minh"
UNIT = "H22.12"
AN = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an", unit=UNIT)
BINH = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="binh", unit=UNIT)
STRANGER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="la", unit="H22.13")
LEADER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="sep", unit="H22")
SPECIALIST = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="cv", unit=UNIT)
IMPORTER = Actor(kind=ActorKind.ACTOR_KIND_IMPORTER, id="import")
PLANNER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="quy", unit="H22.02")
SYSTEM = Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id="routing")
CONSULTATION = SuspensionKind.SUSPENSION_KIND_CONSULTATION
STOPPED = SuspensionKind.SUSPENSION_KIND_STOPPED
GRANTED = CaseResult.CASE_RESULT_GRANTED
REJECTED = CaseResult.CASE_RESULT_REJECTED


def at(text: str) -> int:
    """Return a wall-clock time of the office in microseconds UTC."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=zone(TZ)))


def clock(us: int | None) -> str:
    """Return an instant as the office's wall clock shows it; "" for none."""
    return "" if us is None else to_datetime(us, TZ).strftime("%Y-%m-%d %H:%M")


def context(
    when: str, actor: Actor = AN, process: str = "standard", **more: Any
) -> DecisionContext:
    """Return the context of a decision."""
    common: dict[str, Any] = {
        "process": standard_processes().latest(process),
        "calendar": state_office(),
        "unit": UNIT,
        "time_limit": TimeLimit.parse("5wd"),
        "result_channel": ResultChannel.RESULT_CHANNEL_POST,
    }
    return DecisionContext(at=at(when), actor=actor, **(common | more))


@dataclass
class Case:
    """A case that grows by decisions; ``events`` are routing's, in order."""

    process: str = "standard"
    time_limit: str = "5wd"
    policy: ResumePolicy = ResumePolicy.KEEP
    imported: bool = False
    same_day: bool = False
    escalation_policy: EscalationPolicy = NO_ESCALATION
    wishes: int = 0
    """Counts the citizen's wishes to withdraw."""
    events: list[Event] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The fold of the events."""
        state = INITIAL
        for event in self.events:
            state = evolve(state, event)
        return state

    def context(self, when: str, actor: Actor = AN) -> DecisionContext:
        """Return the context of a decision about this case."""
        return context(
            when,
            actor,
            self.process,
            time_limit=TimeLimit.parse(self.time_limit),
            resume_policy=self.policy,
            imported=self.imported,
            escalation_policy=self.escalation_policy,
            withdrawals=self.wishes,
            roles=roles_of(actor),
        )

    def asked(self, command: Message, when: str, actor: Actor = AN) -> list[Message] | Refusal:
        """Decide, and keep nothing."""
        return decide(self.state, command, self.context(when, actor))

    def when(self, command: Message, when: str, actor: Actor = AN) -> CaseDecision:
        """Decide; what is expected follows by ``then``, which keeps the events."""
        return CaseDecision(self, command, when, actor)

    def refused(self, command: Message, when: str, actor: Actor = AN) -> str:
        """Decide, expect a refusal, and give its code."""
        outcome = self.asked(command, when, actor)
        assert isinstance(outcome, Refusal), outcome
        assert outcome.vi
        assert outcome.en
        return outcome.code

    def does(self, command: Message, when: str, actor: Actor = AN) -> list[Any]:
        """Decide, keep the events, and give their payloads."""
        self.wishes += isinstance(command, WithdrawalRequested)
        outcome = self.asked(command, when, actor)
        assert not isinstance(outcome, Refusal), outcome
        return self._keep(outcome, at(when), actor)

    def watched(self, when: str, offset: int = 0) -> list[Any]:
        """Let the watch look ``offset`` microseconds after a time; gives what it said."""
        now = at(when) + offset
        return self._keep(alarms(self.state, now), now)

    def opened(self, when: str = "2021-08-09 09:00") -> Self:
        """Accept the dossier at a time; the promised date is its limit from then, or that day."""
        limit = TimeLimit.parse(self.time_limit)
        due = working_time.limit_due_at(state_office(), at(when), limit)
        if self.same_day:
            due = working_time.same_day_due(state_office(), at(when))
        accepted = DossierAccepted(
            time_limit=self.time_limit,
            process=self.process,
            calendar_version=state_office().version,
            same_day=self.same_day,
        )
        if due is not None:
            accepted.due_at.CopyFrom(to_timestamp(due))
        self.does(accepted, when, SYSTEM)
        return self

    def taken(self, when: str = "2021-08-09 09:00", officer: str = "an") -> Self:
        """Return the current step to an officer, so that it is not stuck."""
        self.does(assign(self.state.step, officer), when)
        return self

    def completed(self, when: str, *steps: str) -> Self:
        """Complete steps, one after the other."""
        for step in steps:
            self.does(complete(step), when)
        return self

    def _keep(self, payloads: Any, occurred_at: int, actor: Actor = SYSTEM) -> list[Any]:
        for payload in payloads:
            event = make_event(
                "H22.12-210809-0001",
                "routing",
                len(self.events) + 1,
                payload,
                actor=actor,
                occurred_at=occurred_at,
                recorded_at=occurred_at,
                causation_id="",
                correlation_id="",
            )
            self.events.append(event)
        return list(payloads)

    def copy(self) -> Self:
        """Return an equal case that grows by itself."""
        return replace(self, events=list(self.events))


@dataclass(frozen=True)
class CaseDecision:
    """A command to a case, at a time, by somebody."""

    case: Case
    command: Message
    when: str
    actor: Actor

    def then(self, *expected: Expected) -> Case:
        """Check what is decided (as ``When.then`` does), keep it, and return the case."""
        decision = self.case.asked(self.command, self.when, self.actor)
        assert_decided(decision, *expected)
        if not isinstance(decision, Refusal):
            self.case.does(self.command, self.when, self.actor)
        return self.case


def roles_of(actor: Actor) -> frozenset[str]:
    """Return the roles that an actor of these tests has: a small unit's officers do every step."""
    if actor.id == SPECIALIST.id:
        return frozenset({"specialist"})
    officer = actor.kind == ActorKind.ACTOR_KIND_OFFICER
    return frozenset({"specialist", "head", "leader", "clerk"} if officer else ())


def assign(step: str, assignee: str) -> pb.AssignStepRequest:
    return pb.AssignStepRequest(step=step, assignee=assignee)


def complete(step: str, following: str = "") -> pb.CompleteStepRequest:
    return pb.CompleteStepRequest(step=step, next=following, note="xong")


def send_back(step: str, to_step: str = "", reason: str = "thiếu chữ ký") -> pb.SendBackRequest:
    return pb.SendBackRequest(step=step, to_step=to_step, reason=reason)


def supplement(step: str, until: str = "") -> pb.RequestSupplementRequest:
    request = pb.RequestSupplementRequest(
        step=step, parts=[Part(code="cccd", copies=1)], reason="thiếu bản sao"
    )
    if until:
        request.answer_due_at.CopyFrom(to_timestamp(at(until)))
    return request


def payment(
    step: str, phi: int = 150_000, le_phi: int = 20_000, until: str = ""
) -> pb.RequestPaymentRequest:
    request = pb.RequestPaymentRequest(
        step=step, payment=Payment(phi=phi, le_phi=le_phi), reason="phí thẩm định"
    )
    if until:
        request.expected_end_at.CopyFrom(to_timestamp(at(until)))
    return request


def paid(step: str, phi: int = 150_000, le_phi: int = 20_000) -> pb.ConfirmPaymentRequest:
    return pb.ConfirmPaymentRequest(
        step=step, paid=Payment(phi=phi, le_phi=le_phi), receipt_number="BL-7"
    )


def stop(step: str, kind: SuspensionKind = STOPPED, until: str = "") -> pb.SuspendCaseRequest:
    request = pb.SuspendCaseRequest(
        step=step, kind=kind, reason="chờ xác minh", counterpart="Sở Tài nguyên và Môi trường"
    )
    if until:
        request.expected_end_at.CopyFrom(to_timestamp(at(until)))
    return request


def go_on(step: str) -> pb.ResumeCaseRequest:
    return pb.ResumeCaseRequest(step=step, reason="đã có trả lời")


def extend(old: str, new: str) -> pb.ExtendDeadlineRequest:
    return pb.ExtendDeadlineRequest(
        previous_due_at=to_timestamp(at(old)),
        due_at=to_timestamp(at(new)),
        reason="phải xác minh thêm",
        apology_number="12/PXL",
        apology="Chúng tôi thành thật xin lỗi Ông/Bà.",
        signer_title="Phó Giám đốc",
    )


def close(number: int = 1) -> pb.CloseCaseRequest:
    return pb.CloseCaseRequest(round=number, reason="không bổ sung đúng hạn")


def resolve(step: str, result: CaseResult = GRANTED, why: str = "") -> pb.ResolveCaseRequest:
    return pb.ResolveCaseRequest(step=step, result=result, result_number="12/GP", explanation=why)


def papers(number: int = 1) -> SupplementSubmitted:
    return SupplementSubmitted(parts=[Part(code="cccd", copies=1)], round=number)


def look(step: str) -> pb.OpenStepRequest:
    return pb.OpenStepRequest(step=step)


def pull(step: str) -> pb.PullBackRequest:
    return pb.PullBackRequest(step=step, reason="nhầm")


def ask(step: str, waits: bool = False, limit: str = "") -> pb.RequestConsultationRequest:
    return pb.RequestConsultationRequest(
        step=step, unit="H22.02", question="Có hợp quy hoạch?", waits=waits, time_limit=limit
    )


def answer(number: int = 1) -> pb.AnswerConsultationRequest:
    return pb.AnswerConsultationRequest(
        number=number, opinion=Opinion.OPINION_AGREES, answer="Phù hợp."
    )


def cancel(number: int = 1, reason: str = "hỏi nhầm đơn vị") -> pb.CancelConsultationRequest:
    return pb.CancelConsultationRequest(number=number, reason=reason)


def draft(step: str, letter: str = "a") -> pb.DraftDocumentRequest:
    return pb.DraftDocumentRequest(
        step=step, kind=DocumentKind.DOCUMENT_KIND_RESULT, sha256=letter * 64
    )


def judge(
    number: int = 1, stage: int = 1, letter: str = "a", **more: Any
) -> pb.ReviewDocumentRequest:
    fields: dict[str, Any] = {"number": number, "stage": stage, "sha256": letter * 64}
    return pb.ReviewDocumentRequest(**fields | {"approved": True} | more)


def takes_part(participation: int = 1, officer: str = "la") -> pb.SetParticipantRequest:
    return pb.SetParticipantRequest(
        officer=officer,
        participation=participation,  # type: ignore[arg-type]
    )


def withdrawal(reason: SealedData | None = None) -> WithdrawalRequested:
    return WithdrawalRequested(reason=reason)


def let_go(number: int = 1) -> pb.AnswerWithdrawalRequest:
    return pb.AnswerWithdrawalRequest(number=number, approved=True)


def keep(number: int = 1, reason: str = "đã ký kết quả") -> pb.AnswerWithdrawalRequest:
    return pb.AnswerWithdrawalRequest(number=number, reason=reason)
