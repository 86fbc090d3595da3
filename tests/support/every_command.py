"""Every command as a client sends it, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import grpc
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Channel, Part, ResultChannel
from motcua.intake.v1 import intake_pb2 as intake
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.types_pb2 import (
    CaseResult,
    DocumentKind,
    DocumentStage,
    Opinion,
    Participation,
    Payment,
    SuspensionKind,
)

from kernel.base.instants import HOUR, SECOND, to_timestamp, to_us
from kernel.rpc.client import explain
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at
from tests.support.feed import wait_until
from tests.support.invariants import Stored, stored
from tests.support.stack import Stack
from tests.support.walk import AT_COUNTER, PROCEDURE, UNIT, Metadata, Walk, new_id, submission

REFUSED = grpc.StatusCode.FAILED_PRECONDITION


Call = tuple[Any, Any, Metadata]
"""A method, a request with its id, and who calls."""


def new_dossier(walk: Walk, state: str) -> tuple[str, str]:
    """Bring a dossier into a state; gives its code and PIN."""
    if state == "submitted":
        answer = walk.submit()
        return answer.dossier_code, answer.pin
    answer = walk.accepted(result_channel=AT_COUNTER)
    code = answer.dossier_code
    if state == "reviewed":
        walk.complete(code, "appraise")
    if state == "asked":
        walk.ask_supplement(code, "appraise")
        wait_until(lambda: walk.dossier(code).supplement_round == 1, 20, "the desk has heard")
    if state == "last":
        walk.to_the_end(code)
    if state == "resolved":
        walk.resolve(code)
        resolved = intake.DOSSIER_STATE_RESOLVED
        wait_until(lambda: walk.dossier(code).state == resolved, 20, "the desk has heard")
    return code, answer.pin


def _imported(walk: Walk) -> str:
    """Bring in a dossier of another system; gives its code once the departments know it."""
    code = f"OLD-{new_id()[:8]}"
    request = intake.SubmitDossierRequest(
        request_id=new_id(),
        procedure_code=PROCEDURE,
        channel=Channel.CHANNEL_COUNTER,
        foreign_code=code,
        imported_from="old",
        occurred_at=to_timestamp(walk.stack.clock.now() - 5 * HOUR),
    )
    walk.call(walk.intake.SubmitDossier, request, walk.importer)

    def known() -> bool:
        try:
            walk.shown(code)
        except grpc.RpcError:
            return False
        return True

    wait_until(known, 20, "the departments have heard")
    return code


def _submit(walk: Walk) -> Call:
    return walk.intake.SubmitDossier, submission(), walk.citizen


def _accept(walk: Walk) -> Call:
    request = intake.AcceptDossierRequest(dossier_code=new_dossier(walk, "submitted")[0])
    return walk.intake.AcceptDossier, request, walk.officer


def _refuse(walk: Walk) -> Call:
    request = intake.RefuseDossierRequest(
        dossier_code=new_dossier(walk, "submitted")[0], reason_code="other", reason="Không đúng."
    )
    return walk.intake.RefuseDossier, request, walk.officer


def _supplement(walk: Walk) -> Call:
    code, pin = new_dossier(walk, "asked")
    part = intake.SubmittedPart(code="don", copies=1)
    request = intake.SubmitSupplementRequest(dossier_code=code, pin=pin, parts=[part])
    return walk.intake.SubmitSupplement, request, walk.citizen


def _withdraw(walk: Walk) -> Call:
    code, pin = new_dossier(walk, "accepted")
    request = intake.RequestWithdrawalRequest(dossier_code=code, pin=pin, reason="Thôi.")
    return walk.intake.RequestWithdrawal, request, walk.citizen


def _hand_over(walk: Walk) -> Call:
    request = intake.ReturnResultRequest(dossier_code=new_dossier(walk, "resolved")[0])
    return walk.intake.ReturnResult, request, walk.officer


def _assign(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    request = routing.AssignStepRequest(dossier_code=code, step="appraise", assignee="an.nv")
    return walk.routing.AssignStep, request, walk.officer


def _complete(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    request = routing.CompleteStepRequest(dossier_code=code, step="appraise")
    return walk.routing.CompleteStep, request, walk.officer


def _send_back(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "reviewed")
    request = routing.SendBackRequest(dossier_code=code, step="review", reason="Thiếu số liệu.")
    return walk.routing.SendBack, request, walk.officer


def _ask(walk: Walk) -> Call:
    request = routing.RequestSupplementRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        step="appraise",
        parts=[Part(code="don")],
        reason="Chưa ký.",
    )
    return walk.routing.RequestSupplement, request, walk.officer


def _resolve(walk: Walk) -> Call:
    request = routing.ResolveCaseRequest(
        dossier_code=new_dossier(walk, "last")[0],
        step="seal",
        result=CaseResult.CASE_RESULT_GRANTED,
        result_number="7/GP",
    )
    return walk.routing.ResolveCase, request, walk.officer


def _open_step(walk: Walk) -> Call:
    request = routing.OpenStepRequest(
        dossier_code=new_dossier(walk, "accepted")[0], step="appraise"
    )
    return walk.routing.OpenStep, request, walk.officer


def _pull_back(walk: Walk) -> Call:
    request = routing.PullBackRequest(dossier_code=new_dossier(walk, "reviewed")[0], step="review")
    return walk.routing.PullBack, request, walk.officer


def _move_case(walk: Walk) -> Call:
    request = routing.MoveCaseRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        process="simple",
        process_version=1,
        reason="Theo quy định mới.",
    )
    return walk.routing.MoveCase, request, walk.who("operator", "root")


def _set_participant(walk: Walk) -> Call:
    request = routing.SetParticipantRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        officer="phoi.hop",
        participation=Participation.PARTICIPATION_COOPERATES,
    )
    return walk.routing.SetParticipant, request, walk.officer


def _delegate(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    officer = f"nghi.{code[-4:]}"
    given = routing.AssignStepRequest(
        request_id=new_id(), dossier_code=code, step="appraise", assignee=officer
    )
    walk.call(walk.routing.AssignStep, given, walk.officer)
    request = routing.DelegateWorkRequest(officer=officer, substitute="thay.nv")
    request.ends_at.CopyFrom(to_timestamp(walk.stack.clock.now() + 24 * HOUR))
    return walk.routing.DelegateWork, request, walk.who("officer", officer, UNIT)


def coming_back(walk: Walk) -> Call:
    method, away, who = _delegate(walk)
    away.request_id = new_id()
    walk.call(method, away, who)
    return walk.routing.EndAbsence, routing.EndAbsenceRequest(officer=away.officer), who


def _consult(walk: Walk) -> Call:
    request = routing.RequestConsultationRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        step="appraise",
        unit="H22.05",
        question="Có ảnh hưởng môi trường không?",
    )
    return walk.routing.RequestConsultation, request, walk.officer


def answering(walk: Walk) -> Call:
    method, asked, who = _consult(walk)
    asked.request_id = new_id()
    walk.call(method, asked, who)
    request = routing.AnswerConsultationRequest(
        dossier_code=asked.dossier_code, number=1, opinion=Opinion.OPINION_AGREES
    )
    return walk.routing.AnswerConsultation, request, walk.who("officer", "mt", "H22.05")


def _cancel(walk: Walk) -> Call:
    method, asked, who = _consult(walk)
    asked.request_id = new_id()
    walk.call(method, asked, who)
    request = routing.CancelConsultationRequest(
        dossier_code=asked.dossier_code, number=1, reason="Hỏi nhầm đơn vị."
    )
    return walk.routing.CancelConsultation, request, who


def _draft(walk: Walk) -> Call:
    request = routing.DraftDocumentRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        step="appraise",
        kind=DocumentKind.DOCUMENT_KIND_RESULT,
        sha256="a" * 64,
    )
    return walk.routing.DraftDocument, request, walk.officer


def _judge(walk: Walk) -> Call:
    method, drafted, who = _draft(walk)
    drafted.request_id = new_id()
    walk.call(method, drafted, who)
    request = routing.ReviewDocumentRequest(
        dossier_code=drafted.dossier_code,
        number=1,
        stage=DocumentStage.DOCUMENT_STAGE_REVIEW,
        approved=True,
        sha256="a" * 64,
    )
    return walk.routing.ReviewDocument, request, walk.who("officer", "tp", UNIT, ["head"])


def _correct(walk: Walk) -> Call:
    request = routing.CorrectCaseRequest(
        dossier_code=new_dossier(walk, "resolved")[0], result_number="8/GP", reason="Gõ nhầm số."
    )
    return walk.routing.CorrectCase, request, walk.officer


def _answer_withdrawal(walk: Walk) -> Call:
    method, wish, who = _withdraw(walk)
    wish.request_id = new_id()
    walk.call(method, wish, who)
    code = wish.dossier_code
    shown = walk.shown
    wait_until(lambda: shown(code).case.HasField("withdrawal"), 20, "the departments have heard")
    request = routing.AnswerWithdrawalRequest(dossier_code=code, number=1, approved=True)
    return walk.routing.AnswerWithdrawal, request, walk.officer


def _ask_money(walk: Walk) -> Call:
    request = routing.RequestPaymentRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        step="appraise",
        payment=Payment(phi=120_000, le_phi=30_000),
        reason="Nộp phí thẩm định.",
    )
    return walk.routing.RequestPayment, request, walk.officer


def _take_money(walk: Walk) -> Call:
    method, asked, who = _ask_money(walk)
    asked.request_id = new_id()
    walk.call(method, asked, who)
    request = routing.ConfirmPaymentRequest(
        dossier_code=asked.dossier_code,
        step="appraise",
        paid=asked.payment,
        receipt_number="BL-1",
    )
    return walk.routing.ConfirmPayment, request, walk.officer


def _stop(walk: Walk) -> Call:
    request = routing.SuspendCaseRequest(
        dossier_code=new_dossier(walk, "accepted")[0],
        step="appraise",
        kind=SuspensionKind.SUSPENSION_KIND_STOPPED,
        reason="Chờ kết quả kiểm nghiệm.",
        counterpart="Trung tâm Kiểm nghiệm",
    )
    return walk.routing.SuspendCase, request, walk.officer


def _go_on(walk: Walk) -> Call:
    method, stopped, who = _stop(walk)
    stopped.request_id = new_id()
    walk.call(method, stopped, who)
    request = routing.ResumeCaseRequest(
        dossier_code=stopped.dossier_code, step="appraise", reason="Đã có kết quả."
    )
    return walk.routing.ResumeCase, request, walk.officer


def _extend(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    due = to_us(walk.shown(code).case.due_at)
    later = due_at(state_office(), due, Duration.parse("1wd"))
    assert later is not None
    request = routing.ExtendDeadlineRequest(
        dossier_code=code,
        previous_due_at=to_timestamp(due),
        due_at=to_timestamp(later),
        reason="Phải kiểm tra thực địa.",
        apology_number="12/PXL",
        apology="Cơ quan xin lỗi Ông/Bà.",
        signer_title="Phó Giám đốc",
    )
    return walk.routing.ExtendDeadline, request, walk.officer


def _close(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    asked = routing.RequestSupplementRequest(
        request_id=new_id(),
        dossier_code=code,
        step="appraise",
        parts=[Part(code="don")],
        reason="Chưa ký.",
        answer_due_at=to_timestamp(walk.stack.clock.now() + SECOND),
    )
    walk.call(walk.routing.RequestSupplement, asked, walk.officer)
    over = to_us(asked.answer_due_at)
    wait_until(lambda: walk.stack.clock.now() > over, 20, "the time for papers is over")
    request = routing.CloseCaseRequest(dossier_code=code, round=1, reason="Quá hạn bổ sung.")
    return walk.routing.CloseCase, request, walk.officer


def _record(walk: Walk) -> Call:
    at = to_timestamp(walk.stack.clock.now() - HOUR)
    request = routing.RecordStepRequest(
        dossier_code=_imported(walk), activity="Kiểm tra", source_row="12", occurred_at=at
    )
    return walk.routing.RecordStep, request, walk.importer


def _complete_import(walk: Walk) -> Call:
    request = routing.CompleteImportRequest(dossier_code=_imported(walk))
    return walk.routing.CompleteImport, request, walk.importer


def _payment(walk: Walk) -> intake.RecordFeeRequest:
    """Ask to record the fee of a dossier that has to be paid before."""
    parts = ("don", "ke-khai", "xay-dung", "dao-tao")
    code = walk.submit(
        procedure_code="2.000648",
        parts=[intake.SubmittedPart(code=part) for part in parts],
        result_channel=ResultChannel.RESULT_CHANNEL_COUNTER,
    ).dossier_code
    return intake.RecordFeeRequest(
        dossier_code=code, phi=1_200_000, phi_receipt=f"P-{new_id()}", method="cash"
    )


def _pay(walk: Walk) -> Call:
    return walk.intake.RecordFee, _payment(walk), walk.officer


def _take_back(walk: Walk) -> Call:
    payment = _payment(walk)
    payment.request_id = new_id()
    paid = walk.call(walk.intake.RecordFee, payment, walk.officer)
    request = intake.CancelFeeRequest(
        dossier_code=payment.dossier_code, sequence=paid.sequence, reason="Nhầm hồ sơ."
    )
    return walk.intake.CancelFee, request, walk.officer


def _number(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "submitted")
    request = intake.RecordExternalCodeRequest(
        dossier_code=code, system="cong-dvc", code=f"X-{new_id()[:8]}"
    )
    return walk.intake.RecordExternalCode, request, walk.officer


def _print(walk: Walk) -> Call:
    code, _ = new_dossier(walk, "accepted")
    return (
        walk.intake.GetForm,
        intake.GetFormRequest(dossier_code=code, form="receipt"),
        walk.officer,
    )


COMMANDS: dict[str, Callable[[Walk], Call]] = {
    "SubmitDossier": _submit,
    "AcceptDossier": _accept,
    "RefuseDossier": _refuse,
    "SubmitSupplement": _supplement,
    "RequestWithdrawal": _withdraw,
    "ReturnResult": _hand_over,
    "AssignStep": _assign,
    "CompleteStep": _complete,
    "SendBack": _send_back,
    "RequestSupplement": _ask,
    "ResolveCase": _resolve,
    "OpenStep": _open_step,
    "PullBack": _pull_back,
    "MoveCase": _move_case,
    "SetParticipant": _set_participant,
    "DelegateWork": _delegate,
    "EndAbsence": coming_back,
    "RequestConsultation": _consult,
    "AnswerConsultation": answering,
    "CancelConsultation": _cancel,
    "DraftDocument": _draft,
    "ReviewDocument": _judge,
    "CorrectCase": _correct,
    "AnswerWithdrawal": _answer_withdrawal,
    "RequestPayment": _ask_money,
    "ConfirmPayment": _take_money,
    "SuspendCase": _stop,
    "ResumeCase": _go_on,
    "ExtendDeadline": _extend,
    "CloseCase": _close,
    "RecordStep": _record,
    "CompleteImport": _complete_import,
    "RecordFee": _pay,
    "CancelFee": _take_back,
    "RecordExternalCode": _number,
    "GetForm": _print,
}


def _service_of(request: Message) -> str:
    return str(request.DESCRIPTOR.file.package).split(".")[1]


def effects_of(stack: Stack, request: Any) -> list[Stored]:
    """Read the events that name the request as their cause."""
    service = _service_of(request)
    with stack.store(service) as engine:
        return [e for e in stored(engine, service) if e.causation_id == request.request_id]


def call_together(walk: Walk, first: Call, second: Call) -> list[Any]:
    """Make two calls at the same moment; gives for each its answer or its problem."""
    line = Barrier(2)

    def act(call: Call) -> Any:
        method, request, who = call
        request.request_id = new_id()
        line.wait()
        try:
            return walk.call(method, request, who)
        except grpc.RpcError as error:
            return explain(error)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(act, (first, second)))
