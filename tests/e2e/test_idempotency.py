"""A command acts once, however often and whenever it comes; all that is wrong with it is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import grpc
import pytest
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
from kernel.rpc.client import RpcProblem, explain
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at
from tests.support.feed import wait_until
from tests.support.invariants import Stored, stored
from tests.support.stack import Stack
from tests.support.walk import (
    AT_COUNTER,
    EVERY_ROLE,
    PROCEDURE,
    UNIT,
    Metadata,
    Walk,
    new_id,
    submission,
    walking,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

AT_ONCE = 8
REFUSED = grpc.StatusCode.FAILED_PRECONDITION
Call = tuple[Any, Any, Metadata]
"""A method, a request with its id, and who calls."""


def _dossier(walk: Walk, state: str) -> tuple[str, str]:
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
    request = intake.AcceptDossierRequest(dossier_code=_dossier(walk, "submitted")[0])
    return walk.intake.AcceptDossier, request, walk.officer


def _refuse(walk: Walk) -> Call:
    request = intake.RefuseDossierRequest(
        dossier_code=_dossier(walk, "submitted")[0], reason_code="other", reason="Không đúng."
    )
    return walk.intake.RefuseDossier, request, walk.officer


def _supplement(walk: Walk) -> Call:
    code, pin = _dossier(walk, "asked")
    part = intake.SubmittedPart(code="don", copies=1)
    request = intake.SubmitSupplementRequest(dossier_code=code, pin=pin, parts=[part])
    return walk.intake.SubmitSupplement, request, walk.citizen


def _withdraw(walk: Walk) -> Call:
    code, pin = _dossier(walk, "accepted")
    request = intake.RequestWithdrawalRequest(dossier_code=code, pin=pin, reason="Thôi.")
    return walk.intake.RequestWithdrawal, request, walk.citizen


def _hand_over(walk: Walk) -> Call:
    request = intake.ReturnResultRequest(dossier_code=_dossier(walk, "resolved")[0])
    return walk.intake.ReturnResult, request, walk.officer


def _assign(walk: Walk) -> Call:
    code, _ = _dossier(walk, "accepted")
    request = routing.AssignStepRequest(dossier_code=code, step="appraise", assignee="an.nv")
    return walk.routing.AssignStep, request, walk.officer


def _complete(walk: Walk) -> Call:
    code, _ = _dossier(walk, "accepted")
    request = routing.CompleteStepRequest(dossier_code=code, step="appraise")
    return walk.routing.CompleteStep, request, walk.officer


def _send_back(walk: Walk) -> Call:
    code, _ = _dossier(walk, "reviewed")
    request = routing.SendBackRequest(dossier_code=code, step="review", reason="Thiếu số liệu.")
    return walk.routing.SendBack, request, walk.officer


def _ask(walk: Walk) -> Call:
    request = routing.RequestSupplementRequest(
        dossier_code=_dossier(walk, "accepted")[0],
        step="appraise",
        parts=[Part(code="don")],
        reason="Chưa ký.",
    )
    return walk.routing.RequestSupplement, request, walk.officer


def _resolve(walk: Walk) -> Call:
    request = routing.ResolveCaseRequest(
        dossier_code=_dossier(walk, "last")[0],
        step="seal",
        result=CaseResult.CASE_RESULT_GRANTED,
        result_number="7/GP",
    )
    return walk.routing.ResolveCase, request, walk.officer


def _open_step(walk: Walk) -> Call:
    request = routing.OpenStepRequest(dossier_code=_dossier(walk, "accepted")[0], step="appraise")
    return walk.routing.OpenStep, request, walk.officer


def _pull_back(walk: Walk) -> Call:
    request = routing.PullBackRequest(dossier_code=_dossier(walk, "reviewed")[0], step="review")
    return walk.routing.PullBack, request, walk.officer


def _move_case(walk: Walk) -> Call:
    request = routing.MoveCaseRequest(
        dossier_code=_dossier(walk, "accepted")[0],
        process="simple",
        process_version=1,
        reason="Theo quy định mới.",
    )
    return walk.routing.MoveCase, request, walk.who("operator", "root")


def _set_participant(walk: Walk) -> Call:
    request = routing.SetParticipantRequest(
        dossier_code=_dossier(walk, "accepted")[0],
        officer="phoi.hop",
        participation=Participation.PARTICIPATION_COOPERATES,
    )
    return walk.routing.SetParticipant, request, walk.officer


def _delegate(walk: Walk) -> Call:
    code, _ = _dossier(walk, "accepted")
    officer = f"nghi.{code[-4:]}"
    given = routing.AssignStepRequest(
        request_id=new_id(), dossier_code=code, step="appraise", assignee=officer
    )
    walk.call(walk.routing.AssignStep, given, walk.officer)
    request = routing.DelegateWorkRequest(officer=officer, substitute="thay.nv")
    request.ends_at.CopyFrom(to_timestamp(walk.stack.clock.now() + 24 * HOUR))
    return walk.routing.DelegateWork, request, walk.who("officer", officer, UNIT)


def _come_back(walk: Walk) -> Call:
    method, away, who = _delegate(walk)
    away.request_id = new_id()
    walk.call(method, away, who)
    return walk.routing.EndAbsence, routing.EndAbsenceRequest(officer=away.officer), who


def _consult(walk: Walk) -> Call:
    request = routing.RequestConsultationRequest(
        dossier_code=_dossier(walk, "accepted")[0],
        step="appraise",
        unit="H22.05",
        question="Có ảnh hưởng môi trường không?",
    )
    return walk.routing.RequestConsultation, request, walk.officer


def _answer(walk: Walk) -> Call:
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
        dossier_code=_dossier(walk, "accepted")[0],
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
        dossier_code=_dossier(walk, "resolved")[0], result_number="8/GP", reason="Gõ nhầm số."
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
        dossier_code=_dossier(walk, "accepted")[0],
        step="appraise",
        payment=Payment(fee=120_000, charge=30_000),
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
        dossier_code=_dossier(walk, "accepted")[0],
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
    code, _ = _dossier(walk, "accepted")
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
    code, _ = _dossier(walk, "accepted")
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
    """Ask to record the charge of a dossier that has to be paid before."""
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
    code, _ = _dossier(walk, "submitted")
    request = intake.RecordExternalCodeRequest(
        dossier_code=code, system="cong-dvc", code=f"X-{new_id()[:8]}"
    )
    return walk.intake.RecordExternalCode, request, walk.officer


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
    "EndAbsence": _come_back,
    "RequestConsultation": _consult,
    "AnswerConsultation": _answer,
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
}
ELSEWHERE = {"RecalculateDeadlines"}
"""Needs another calendar first: see tests/integration/routing/test_recalculate_clicks.py."""
EMPTY: dict[str, set[str]] = {
    "SubmitDossier": {"procedure_code", "channel", "result_channel", "applicant"},
    "AcceptDossier": {"dossier_code"},
    "RefuseDossier": {"dossier_code", "reason_code", "reason"},
    "SubmitSupplement": {"dossier_code", "parts"},
    "RequestWithdrawal": {"dossier_code"},
    "ReturnResult": {"dossier_code"},
    "AssignStep": {"dossier_code", "step", "assignee"},
    "CompleteStep": {"dossier_code", "step"},
    "SendBack": {"dossier_code", "step"},
    "RequestSupplement": {"dossier_code", "step", "parts", "reason"},
    "ResolveCase": {"dossier_code", "result"},
    "OpenStep": {"dossier_code", "step"},
    "PullBack": {"dossier_code", "step"},
    "MoveCase": {"dossier_code", "process_version"},
    "SetParticipant": {"dossier_code", "officer"},
    "DelegateWork": {"officer", "substitute", "ends_at"},
    "EndAbsence": {"officer"},
    "RequestConsultation": {"dossier_code", "step", "unit", "question"},
    "AnswerConsultation": {"dossier_code", "number", "opinion"},
    "CancelConsultation": {"dossier_code", "number", "reason"},
    "DraftDocument": {"dossier_code", "step", "kind", "sha256"},
    "ReviewDocument": {"dossier_code", "number", "stage", "sha256"},
    "CorrectCase": {"dossier_code"},
    "AnswerWithdrawal": {"dossier_code", "number"},
    "RequestPayment": {"dossier_code", "step", "payment", "reason"},
    "ConfirmPayment": {"dossier_code", "step", "paid", "receipt_number"},
    "SuspendCase": {"dossier_code", "step", "kind", "reason", "counterpart"},
    "ResumeCase": {"dossier_code", "step", "reason"},
    "ExtendDeadline": {
        *("dossier_code", "previous_due_at", "due_at", "reason"),
        *("apology_number", "apology", "signer_title"),
    },
    "CloseCase": {"dossier_code", "round", "reason"},
    "RecordStep": {"dossier_code", "activity", "source_row", "occurred_at"},
    "CompleteImport": {"dossier_code"},
    "RecordFee": {"dossier_code", "phi", "method"},
    "CancelFee": {"dossier_code", "sequence", "reason"},
    "RecordExternalCode": {"dossier_code", "system", "code"},
}
"""What an empty request lacks, beside its ``request_id``."""


def _service_of(request: Message) -> str:
    return str(request.DESCRIPTOR.file.package).split(".")[1]


def _effects(stack: Stack, request: Any) -> list[Stored]:
    """Read the events that name the request as their cause."""
    service = _service_of(request)
    with stack.store(service) as engine:
        return [e for e in stored(engine, service) if e.causation_id == request.request_id]


def _changed(request: Any) -> Any:
    """Return a request of the same id with another content; the PIN still fits."""
    changed = type(request)()
    changed.CopyFrom(request)
    if isinstance(request, intake.SubmitDossierRequest):
        changed.applicant.full_name = "Người Khác"
    elif isinstance(request, intake.SubmitSupplementRequest):
        changed.parts[0].copies = 2
    elif isinstance(request, intake.RequestWithdrawalRequest):
        changed.reason = "Lý do khác."
    elif isinstance(request, routing.DelegateWorkRequest):
        changed.substitute = "khac.nv"
    elif isinstance(request, routing.EndAbsenceRequest):
        changed.officer = "khac.nv"
    else:
        changed.dossier_code = "H22.02-210809-9999"
    return changed


def _problem(method: Any, request: Any, who: Metadata) -> RpcProblem:
    with pytest.raises(grpc.RpcError) as caught:
        method(request, timeout=15, metadata=who)
    return explain(caught.value)


def test_every_command_of_both_services_is_tried() -> None:
    """The tables of this module name every method that takes a request id, and no other."""
    files = (intake.DESCRIPTOR, routing.DESCRIPTOR)
    methods = [m for f in files for s in f.services_by_name.values() for m in s.methods]
    acting = {m.name for m in methods if "request_id" in m.input_type.fields_by_name}
    assert acting == COMMANDS.keys() | ELSEWHERE
    assert COMMANDS.keys() == EMPTY.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_repeated_command_acts_once_and_answers_the_same(stack: Stack, name: str) -> None:
    """Eight equal requests at once, and one more later, have one effect and one answer."""
    with walking(stack) as walk:
        method, request, who = COMMANDS[name](walk)
        request.request_id = new_id()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: walk.call(method, request, who), range(AT_ONCE)))
        effects = _effects(stack, request)
        answers.append(walk.call(method, request, who))

        assert all(answer == answers[0] for answer in answers)
        types = [event.type for event in effects]
        assert types
        assert len(types) == len(set(types))
        assert _effects(stack, request) == effects

        used = _problem(method, _changed(request), who)
        assert used.code == grpc.StatusCode.ALREADY_EXISTS
        assert _effects(stack, request) == effects


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bad_request_hears_of_every_wrong_field(stack: Stack, name: str) -> None:
    """What is missing is named field by field, in the language asked for; nothing is written."""
    with walking(stack) as walk:
        service = walk.intake if hasattr(walk.intake, name) else walk.routing
        module = intake if service is walk.intake else routing
        request = getattr(module, f"{name}Request")(request_id="not a uuid")
        imports = name in ("RecordStep", "CompleteImport")
        kind = "importer" if imports else "citizen" if name == "SubmitDossier" else "officer"
        said: dict[str, dict[str, str]] = {}
        for language in ("vi", "en"):
            walk.language = language
            problem = _problem(
                getattr(service, name), request, walk.who(kind, "x", "H22.02", EVERY_ROLE)
            )
            assert problem.code == grpc.StatusCode.INVALID_ARGUMENT
            said[language] = problem.fields
        assert said["vi"].keys() == said["en"].keys() == EMPTY[name] | {"request_id"}
        for field in EMPTY[name]:
            assert said["vi"][field]
            assert said["vi"][field] != said["en"][field]


def _two(walk: Walk, first: Call, second: Call) -> list[Any]:
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


def _desk_rivals(walk: Walk) -> tuple[Call, Call]:
    """One officer accepts, the other refuses."""
    code, _ = _dossier(walk, "submitted")
    accept = intake.AcceptDossierRequest(dossier_code=code)
    refuse = intake.RefuseDossierRequest(dossier_code=code, reason_code="other", reason="Không.")
    return (
        (walk.intake.AcceptDossier, accept, walk.officer),
        (walk.intake.RefuseDossier, refuse, walk.other),
    )


def _both_accept(walk: Walk) -> tuple[Call, Call]:
    """Both officers accept."""
    code, _ = _dossier(walk, "submitted")
    calls = [intake.AcceptDossierRequest(dossier_code=code) for _ in range(2)]
    return (
        (walk.intake.AcceptDossier, calls[0], walk.officer),
        (walk.intake.AcceptDossier, calls[1], walk.other),
    )


def _both_complete(walk: Walk) -> tuple[Call, Call]:
    """Both officers complete the same step."""
    code, _ = _dossier(walk, "accepted")
    calls = [routing.CompleteStepRequest(dossier_code=code, step="appraise") for _ in range(2)]
    return (
        (walk.routing.CompleteStep, calls[0], walk.officer),
        (walk.routing.CompleteStep, calls[1], walk.other),
    )


def _result_and_back(walk: Walk) -> tuple[Call, Call]:
    """One officer gives the result, the other sends the case back."""
    code, _ = _dossier(walk, "last")
    granted = CaseResult.CASE_RESULT_GRANTED
    resolve = routing.ResolveCaseRequest(
        dossier_code=code, step="seal", result=granted, result_number="8/GP"
    )
    back = routing.SendBackRequest(dossier_code=code, step="seal", reason="Sai số.")
    return (
        (walk.routing.ResolveCase, resolve, walk.officer),
        (walk.routing.SendBack, back, walk.other),
    )


def _answer_and_cancel(walk: Walk) -> tuple[Call, Call]:
    """The unit that was asked answers, who asked takes the question back."""
    answer = _answer(walk)
    cancel = routing.CancelConsultationRequest(
        dossier_code=answer[1].dossier_code, number=1, reason="Không cần nữa."
    )
    return answer, (walk.routing.CancelConsultation, cancel, walk.officer)


def _heads_end(walk: Walk) -> tuple[Call, Call]:
    """Two heads of the unit say that an officer is back."""
    method, request, _ = _come_back(walk)
    again = routing.EndAbsenceRequest(officer=request.officer)
    return (method, request, walk.officer), (method, again, walk.other)


RIVALS = {
    _desk_rivals: {"ALREADY_ACCEPTED", "ALREADY_REFUSED"},
    _both_accept: {"ALREADY_ACCEPTED"},
    _both_complete: {"NOT_CURRENT_STEP"},
    _result_and_back: {"CASE_RESOLVED", "NOT_CURRENT_STEP"},
    _answer_and_cancel: {"ALREADY_ANSWERED", "CONSULTATION_CANCELLED"},
    _heads_end: {"NO_ABSENCE"},
}


@pytest.mark.parametrize("rivals", RIVALS, ids=lambda rivals: rivals.__name__.strip("_"))
def test_of_two_officers_at_once_one_wins_and_the_other_is_told(
    stack: Stack, rivals: Callable[[Walk], tuple[Call, Call]]
) -> None:
    """One command has its effect; the other is refused with the rule's name and has none."""
    with walking(stack) as walk:
        for _ in range(3):
            calls = rivals(walk)
            ends = _two(walk, *calls)
            lost = [index for index, end in enumerate(ends) if isinstance(end, RpcProblem)]
            assert len(lost) == 1, ends
            problem = ends[lost[0]]
            assert problem.code == REFUSED
            assert problem.reason in RIVALS[rivals]
            assert problem.text
            assert not _effects(stack, calls[lost[0]][1])
            assert _effects(stack, calls[1 - lost[0]][1])
