"""Every command as the services of a crossing take it, and states of a dossier in which it can be
given.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind, Part, ResultChannel
from motcua.intake.v1 import intake_pb2 as intake
from motcua.notify.v1 import notify_pb2 as notify
from motcua.notify.v1.message_events_pb2 import MessageFailed
from motcua.postal.v1 import postal_partner_pb2 as partner
from motcua.postal.v1 import postal_pb2 as postal
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.types_pb2 import CaseResult, DocumentStage

from kernel.base.instants import DAY, HOUR, SECOND, to_timestamp
from kernel.eventsourcing.envelope import payload_of
from services.postal.queries.job_messages import SELECT, job_of
from services.postal.tables import JOBS
from tests.support import routing_cases as cases
from tests.support.crossing_services import Services
from tests.support.intake_samples import AT_COUNTER, BY_POST, ELECTRONIC, foreign, submission

AN = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="an", unit="H22.12")
TP = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="tp", unit="H22.12")
LEADER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="ld", unit="H22.12")
PLANNER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="quy", unit="H22.02")
CITIZEN = Actor(kind=ActorKind.ACTOR_KIND_CITIZEN, id="x")
OPERATOR = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="root")
IMPORTER = Actor(kind=ActorKind.ACTOR_KIND_IMPORTER, id="receipt")
FILE = "a" * 64
_SIGNATURE = DocumentStage.DOCUMENT_STAGE_SIGNATURE


@dataclass
class Dossier:
    """One dossier in the services."""

    services: Services
    code: str = ""

    @property
    def step(self) -> str:
        """The current step at routing."""
        return str(self.services.nodes["routing"].state(self.code).step) or "none"

    @property
    def job(self) -> Any:
        """The job at postal; None when there is none."""
        return next(iter(self.services.nodes["postal"].state(self.code).values()), None)

    @property
    def money(self) -> postal.Job | None:
        """The money of the job, as the office sees it."""
        job = self.job
        if job is None:
            return None
        row = self.services.nodes["postal"].work(
            lambda uow: uow.connection.execute(SELECT.where(JOBS.c.job_id == job.job_id)).one()
        )
        shown = job_of(row)
        return postal.Job(
            collect=shown.collect if shown.HasField("collect") else None,
            collected=shown.collected if shown.HasField("collected") else None,
            money_differs=shown.money_differs,
        )

    def request(self, name: str) -> Any:
        """Return the request of a command on this dossier."""
        request = COMMANDS[name][1](self)
        if "dossier_code" in request.DESCRIPTOR.fields_by_name:
            request.dossier_code = self.code
        return request

    def does(self, name: str) -> Any:
        """Carry out a command, by its name; raise what it raises."""
        source, _, actor = COMMANDS[name]
        request = self.request(name)
        if actor is None:
            job = self.job
            held = job.partner_id if job and job.partner_id else "buudien"
            actor = Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id=held)
        if name == "ReviewDocument" and request.stage == _SIGNATURE:
            actor = LEADER
        imported = source != "postal" and self.code == IMPORTED_CODE
        return self.services.does(source, request, IMPORTER if imported else actor)

    def known(self, *names: str) -> Dossier:
        """Carry out commands, each of which everybody hears before the next one."""
        for name in names:
            self.does(name)
            self.services.settle()
        return self


IMPORTED_CODE: Final = "case-10011"


def _now(dossier: Dossier) -> int:
    return dossier.services.clock.at


def _supplement(dossier: Dossier) -> Message:
    request = cases.supplement(dossier.step)
    request.parts[0].CopyFrom(Part(code="form", copies=1))
    request.answer_due_at.CopyFrom(to_timestamp(_now(dossier) + HOUR))
    return request


def _extend(dossier: Dossier) -> Message:
    limit = dossier.services.nodes["routing"].state(dossier.code).dossier_limit
    request = cases.extend("2021-08-09 09:00", "2021-08-25 09:00")
    request.previous_due_at.CopyFrom(to_timestamp(limit.due_at if limit else 0))
    return request


def _review(dossier: Dossier) -> Message:
    drafts = dossier.services.nodes["routing"].state(dossier.code).work.drafts
    reviewed = bool(drafts and drafts[-1].reviewed_by)
    return cases.judge(
        len(drafts) or 1,
        _SIGNATURE if reviewed else DocumentStage.DOCUMENT_STAGE_REVIEW,
        document_number="1/GP" if reviewed else "",
    )


def _draft(dossier: Dossier) -> Message:
    request = cases.draft(dossier.step)
    request.result = CaseResult.CASE_RESULT_GRANTED
    return request


def _resolve(dossier: Dossier) -> Message:
    request = cases.resolve(dossier.step)
    request.file_sha256 = FILE
    return request


def _delegate(dossier: Dossier) -> Message:
    ends = to_timestamp(_now(dossier) + 30 * DAY)
    return routing.DelegateWorkRequest(officer="an", substitute="binh", ends_at=ends)


def _move(_dossier: Dossier) -> Message:
    return routing.MoveCaseRequest(process="simple", process_version=1, reason="Theo quy định.")


def _record_step(dossier: Dossier) -> Message:
    at = to_timestamp(_now(dossier) - HOUR)
    return routing.RecordStepRequest(activity="Kiểm tra", source_row="12", occurred_at=at)


def _record_fee(dossier: Dossier) -> Message:
    account = dossier.services.nodes["intake"].state(dossier.code).account
    receipt = f"BL-{len(account.records)}"
    if account.phi_paid < account.phi:
        return intake.RecordFeeRequest(phi=account.phi, phi_receipt=receipt, method="cash")
    return intake.RecordFeeRequest(
        le_phi=account.le_phi or 1, le_phi_receipt=receipt, method="cash"
    )


def _cancel_fee(dossier: Dossier) -> Message:
    records = dossier.services.nodes["intake"].state(dossier.code).account.records
    number = records[-1].sequence if records else 1
    return intake.CancelFeeRequest(sequence=number, reason="Nhầm hồ sơ.")


def _delivered(dossier: Dossier) -> Message:
    """Report a delivery with the money that the partner was last told to collect."""
    request: Any = _report(partner.ReportDeliveredRequest, proof_sha256="0" * 64)(dossier)
    if (money := dossier.money) and money.HasField("collect"):
        request.collected.CopyFrom(money.collect)
        request.phi_receipt = "P-1" if money.collect.phi else ""
        request.le_phi_receipt = "P-2" if money.collect.le_phi else ""
    return request  # type: ignore[no-any-return]


def _report(kind: type[Any], **more: Any) -> Callable[[Dossier], Message]:
    def make(dossier: Dossier) -> Message:
        job = dossier.job
        return kind(  # type: ignore[no-any-return]
            job_id=job.job_id if job else str(uuid.uuid4()),
            attempt=job.attempt if job else 1,
            report_id=str(uuid.uuid4()),
            happened_at=to_timestamp(_now(dossier)),
            **more,
        )

    return make


def _take(dossier: Dossier) -> Message:
    job = dossier.job
    return partner.TakeJobRequest(job_id=job.job_id if job else str(uuid.uuid4()))


def _refuse(dossier: Dossier) -> Message:
    job = dossier.job
    held = job is not None and job.status == "taken"
    return partner.RefuseJobRequest(
        job_id=job.job_id if job else str(uuid.uuid4()),
        attempt=job.attempt if held else 0,
        reason_code="no-capacity",
    )


def _reoffer(dossier: Dossier) -> Message:
    job = dossier.job
    return postal.ReofferJobRequest(
        job_id=job.job_id if job else str(uuid.uuid4()), reason="Hỏi lại."
    )


def _of_job(kind: type[Any], **more: Any) -> Callable[[Dossier], Message]:
    def make(dossier: Dossier) -> Message:
        job = dossier.job
        job_id = job.job_id if job else str(uuid.uuid4())
        return kind(job_id=job_id, **more)  # type: ignore[no-any-return]

    return make


def _resend(dossier: Dossier) -> notify.ResendMessageRequest:
    for event in dossier.services.nodes["notify"].events(dossier.code):
        payload: Any = payload_of(event)
        if hasattr(payload, "message_id"):
            return notify.ResendMessageRequest(message_id=payload.message_id)
    return notify.ResendMessageRequest(message_id=str(uuid.uuid4()))


def _message_failed(dossier: Dossier) -> Dossier:
    """Let the mail server refuse a message for good."""
    now, message = _now(dossier), _resend(dossier)
    failed = MessageFailed(message_id=message.message_id, reason_code="refused")
    dossier.services.nodes["notify"].work(
        lambda uow: uow.append(
            dossier.code,
            [failed],
            actor=uow.system_actor(),
            occurred_at=now,
            recorded_at=now,
            causation_id=failed.message_id,
            correlation_id=failed.message_id,
        )
    )
    dossier.services.settle()
    return dossier


Make = Callable[[Dossier], Any]
COMMANDS: Final[Mapping[str, tuple[str, Make, Actor | None]]] = {
    "SubmitDossier": ("intake", lambda _: submission(), CITIZEN),
    "AcceptDossier": ("intake", lambda _: intake.AcceptDossierRequest(), AN),
    "RefuseDossier": (
        "intake",
        lambda _: intake.RefuseDossierRequest(reason_code="other", reason="Sai mẫu."),
        AN,
    ),
    "SubmitSupplement": (
        "intake",
        lambda _: intake.SubmitSupplementRequest(
            parts=[intake.SubmittedPart(code="form", copies=1)]
        ),
        CITIZEN,
    ),
    "RequestWithdrawal": ("intake", lambda _: intake.RequestWithdrawalRequest(), CITIZEN),
    "ReturnResult": ("intake", lambda _: intake.ReturnResultRequest(), AN),
    "RecordFee": ("intake", _record_fee, AN),
    "CancelFee": ("intake", _cancel_fee, AN),
    "RecordExternalCode": (
        "intake",
        lambda _: intake.RecordExternalCodeRequest(system="cong-dvc", code=f"X-{uuid.uuid4()}"),
        AN,
    ),
    "AssignStep": ("routing", lambda d: cases.assign(d.step, "binh"), LEADER),
    "CompleteStep": ("routing", lambda d: cases.complete(d.step), AN),
    "SendBack": ("routing", lambda d: cases.send_back(d.step), AN),
    "RequestSupplement": ("routing", _supplement, AN),
    "CloseCase": ("routing", lambda _: cases.close(), AN),
    "RequestPayment": ("routing", lambda d: cases.payment(d.step), AN),
    "ConfirmPayment": ("routing", lambda d: cases.paid(d.step), AN),
    "SuspendCase": ("routing", lambda d: cases.stop(d.step), AN),
    "ResumeCase": ("routing", lambda d: cases.go_on(d.step), AN),
    "ExtendDeadline": ("routing", _extend, LEADER),
    "ResolveCase": ("routing", _resolve, AN),
    "OpenStep": ("routing", lambda d: cases.look(d.step), AN),
    "PullBack": ("routing", lambda d: cases.pull(d.step), AN),
    "MoveCase": ("routing", _move, OPERATOR),
    "SetParticipant": ("routing", lambda _: cases.takes_part(), AN),
    "DelegateWork": ("routing", _delegate, AN),
    "EndAbsence": ("routing", lambda _: routing.EndAbsenceRequest(officer="an"), AN),
    "RequestConsultation": ("routing", lambda d: cases.ask(d.step), AN),
    "AnswerConsultation": ("routing", lambda _: cases.answer(), PLANNER),
    "CancelConsultation": ("routing", lambda _: cases.cancel(), AN),
    "DraftDocument": ("routing", _draft, AN),
    "ReviewDocument": ("routing", _review, TP),
    "CorrectCase": (
        "routing",
        lambda _: routing.CorrectCaseRequest(result_number="9/GP", reason="Gõ nhầm."),
        AN,
    ),
    "AnswerWithdrawal": ("routing", lambda _: cases.let_go(), LEADER),
    "RecordStep": ("routing", _record_step, IMPORTER),
    "CompleteImport": ("routing", lambda _: routing.CompleteImportRequest(), IMPORTER),
    "RecalculateDeadlines": (
        "routing",
        lambda _: routing.RecalculateDeadlinesRequest(reason="Nghỉ bão."),
        OPERATOR,
    ),
    "ReofferJob": ("postal", _reoffer, OPERATOR),
    "CancelJob": ("postal", _of_job(postal.CancelJobRequest, reason="Nhầm."), OPERATOR),
    "RecallItem": ("postal", _of_job(postal.RecallItemRequest, reason="Nhầm."), OPERATOR),
    "ChangeAddress": (
        "postal",
        _of_job(
            postal.ChangeAddressRequest,
            reason="Chuyển nhà.",
            addressee=postal.NewAddress(
                name="Nguyễn Thị Hoa", phone="0912345678", address="Số 6", province="Hà Giang"
            ),
        ),
        AN,
    ),
    "AnswerChange": (
        "postal",
        _of_job(partner.AnswerChangeRequest, number=1, accepted=True),
        None,
    ),
    "TakeJob": ("postal", _take, None),
    "RefuseJob": ("postal", _refuse, None),
    "ReportTracking": ("postal", _report(partner.ReportTrackingRequest, code="EMA"), None),
    "ReportDelivered": ("postal", _delivered, None),
    "ReportReturned": (
        "postal",
        _report(partner.ReportReturnedRequest, reason_code="refused"),
        None,
    ),
    "ResendMessage": ("notify", _resend, OPERATOR),
}
"""Each command of the services: whose it is, what is asked, and who asks (None: the partner that
has the job)."""


def _filed(services: Services, procedure: str, channel: ResultChannel) -> Dossier:
    request = submission(
        procedure_code=procedure, channel=2 if procedure == "1.000002" else 1,
        result_channel=channel,
    )  # fmt: skip
    answer = services.does("intake", request, CITIZEN)
    services.settle()
    return Dossier(services, answer.dossier_code)


_TO_THE_END = ("AcceptDossier", "CompleteStep", "CompleteStep", "CompleteStep")
_SIGNED = ("AcceptDossier", "DraftDocument", "ReviewDocument", "ReviewDocument", "CompleteStep",
           "CompleteStep", "CompleteStep")  # fmt: skip
_POST = (*_TO_THE_END, "ResolveCase")
_PLAIN, _PAID_AFTER = "1.000001", "1.000006"
_STATES: Final[Mapping[str, tuple[str, ResultChannel, tuple[str, ...]]]] = {
    "submitted": (_PLAIN, BY_POST, ()),
    "accepted": (_PLAIN, BY_POST, ("AcceptDossier",)),
    "handed on": (_PLAIN, BY_POST, ("AcceptDossier", "OpenStep", "CompleteStep")),
    "consulted": (_PLAIN, BY_POST, ("AcceptDossier", "RequestConsultation")),
    "drafted": (_PLAIN, BY_POST, ("AcceptDossier", "DraftDocument")),
    "officer away": (_PLAIN, BY_POST, ("AcceptDossier", "DelegateWork")),
    "wished back": (_PLAIN, BY_POST, ("AcceptDossier", "RequestWithdrawal")),
    "papers asked": (_PLAIN, BY_POST, ("AcceptDossier", "RequestSupplement")),
    "papers late": (_PLAIN, BY_POST, ("AcceptDossier", "RequestSupplement", "later")),
    "papers late and wished back": (
        _PLAIN,
        BY_POST,
        ("AcceptDossier", "RequestWithdrawal", "RequestSupplement", "later"),
    ),
    "money asked": (_PLAIN, BY_POST, ("AcceptDossier", "RequestPayment")),
    "stopped": (_PLAIN, BY_POST, ("AcceptDossier", "SuspendCase")),
    "at the last step": (_PLAIN, AT_COUNTER, _TO_THE_END),
    "fee paid in part": (_PAID_AFTER, AT_COUNTER, ("AcceptDossier", "RecordFee")),
    "fee paid in part, last step": (_PAID_AFTER, ELECTRONIC, (*_SIGNED, "RecordFee")),
    "fee paid, last step": (_PAID_AFTER, ELECTRONIC, (*_SIGNED, "RecordFee", "RecordFee")),
    "resolved": (_PLAIN, AT_COUNTER, _POST),
    "offered": (_PLAIN, BY_POST, _POST),
    "offered, fee owed": (_PAID_AFTER, BY_POST, (*_SIGNED, "ResolveCase", "RecordFee")),
    "under way, fee owed": (
        _PAID_AFTER,
        BY_POST,
        (*_SIGNED, "ResolveCase", "RecordFee", "TakeJob", "ReportTracking"),
    ),
    "taken": (_PLAIN, BY_POST, (*_POST, "TakeJob")),
    "under way": (_PLAIN, BY_POST, (*_POST, "TakeJob", "ReportTracking")),
    "cancellation asked": (_PLAIN, BY_POST, (*_POST, "TakeJob", "CancelJob")),
    "come back": (_PLAIN, BY_POST, (*_POST, "TakeJob", "ReportReturned")),
    "delivered": (_PLAIN, BY_POST, (*_POST, "TakeJob", "ReportDelivered")),
    "nobody carries it": (_PLAIN, BY_POST, (*_POST, "RefuseJob", "RefuseJob")),
}
STATES: Final = (*_STATES, "message failed", "imported")


def bring_to(services: Services, state: str) -> Dossier:
    """Bring a new dossier into a state that all services know."""
    if state == "imported":
        services.does("intake", foreign(foreign_code=IMPORTED_CODE), IMPORTER)
        services.settle()
        return Dossier(services, IMPORTED_CODE).known("AcceptDossier")
    if state == "message failed":
        return _message_failed(bring_to(services, "accepted"))
    procedure, channel, names = _STATES[state]
    dossier = _filed(services, procedure, channel)
    for name in names:
        if name == "later":
            services.clock.at += HOUR + SECOND
        else:
            dossier.known(name)
    return dossier
