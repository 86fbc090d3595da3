"""A command acts once, however often and whenever it comes; all that is wrong with it is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as intake
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.types_pb2 import (
    CaseResult,
)

from kernel.rpc.client import RpcProblem, explain
from tests.support.every_command import (
    COMMANDS,
    REFUSED,
    Call,
    answering,
    call_together,
    coming_back,
    effects_of,
    new_dossier,
)
from tests.support.stack import Stack
from tests.support.walk import (
    EVERY_ROLE,
    Metadata,
    Walk,
    new_id,
    walking,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

AT_ONCE = 8


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
    "GetForm": {"dossier_code", "form"},
}
"""What an empty request lacks, beside its ``request_id``."""


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
    elif isinstance(request, intake.GetFormRequest):
        changed.pin = "0123456789"
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
        effects = effects_of(stack, request)
        answers.append(walk.call(method, request, who))

        assert all(answer == answers[0] for answer in answers)
        types = [event.type for event in effects]
        assert types
        assert len(types) == len(set(types))
        assert effects_of(stack, request) == effects

        used = _problem(method, _changed(request), who)
        assert used.code == grpc.StatusCode.ALREADY_EXISTS
        assert effects_of(stack, request) == effects


@pytest.mark.parametrize("name", COMMANDS)
def test_a_bad_request_hears_of_every_wrong_field(stack: Stack, name: str) -> None:
    """What is missing is named field by field, in the language asked for; nothing is written."""
    with walking(stack) as walk:
        service = walk.intake if hasattr(walk.intake, name) else walk.routing
        module = intake if service is walk.intake else routing
        request = getattr(module, f"{name}Request")(request_id="not a uuid")
        imports = name in ("RecordStep", "CompleteImport")
        kind = "importer" if imports else "citizen" if name == "SubmitDossier" else "officer"
        violations: dict[str, dict[str, str]] = {}
        for language in ("vi", "en"):
            walk.language = language
            problem = _problem(
                getattr(service, name), request, walk.who(kind, "x", "H22.02", EVERY_ROLE)
            )
            assert problem.code == grpc.StatusCode.INVALID_ARGUMENT
            violations[language] = problem.fields
        assert violations["vi"].keys() == violations["en"].keys() == EMPTY[name] | {"request_id"}
        for field in EMPTY[name]:
            assert violations["vi"][field]
            assert violations["vi"][field] != violations["en"][field]


def _desk_rivals(walk: Walk) -> tuple[Call, Call]:
    """One officer accepts, the other refuses."""
    code, _ = new_dossier(walk, "submitted")
    accept = intake.AcceptDossierRequest(dossier_code=code)
    refuse = intake.RefuseDossierRequest(dossier_code=code, reason_code="other", reason="Không.")
    return (
        (walk.intake.AcceptDossier, accept, walk.officer),
        (walk.intake.RefuseDossier, refuse, walk.other),
    )


def _both_accept(walk: Walk) -> tuple[Call, Call]:
    """Both officers accept."""
    code, _ = new_dossier(walk, "submitted")
    calls = [intake.AcceptDossierRequest(dossier_code=code) for _ in range(2)]
    return (
        (walk.intake.AcceptDossier, calls[0], walk.officer),
        (walk.intake.AcceptDossier, calls[1], walk.other),
    )


def _both_complete(walk: Walk) -> tuple[Call, Call]:
    """Both officers complete the same step."""
    code, _ = new_dossier(walk, "accepted")
    calls = [routing.CompleteStepRequest(dossier_code=code, step="appraise") for _ in range(2)]
    return (
        (walk.routing.CompleteStep, calls[0], walk.officer),
        (walk.routing.CompleteStep, calls[1], walk.other),
    )


def _result_and_back(walk: Walk) -> tuple[Call, Call]:
    """One officer gives the result, the other sends the case back."""
    code, _ = new_dossier(walk, "last")
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
    answer = answering(walk)
    cancel = routing.CancelConsultationRequest(
        dossier_code=answer[1].dossier_code, number=1, reason="Không cần nữa."
    )
    return answer, (walk.routing.CancelConsultation, cancel, walk.officer)


def _heads_end(walk: Walk) -> tuple[Call, Call]:
    """Two heads of the unit say that an officer is back."""
    method, request, _ = coming_back(walk)
    again = routing.EndAbsenceRequest(officer=request.officer)
    return (method, request, walk.officer), (method, again, walk.other)


RIVALS: Final[dict[Callable[[Walk], tuple[Call, Call]], set[str]]] = {
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
            ends = call_together(walk, *calls)
            lost = [index for index, end in enumerate(ends) if isinstance(end, RpcProblem)]
            assert len(lost) == 1, ends
            problem = ends[lost[0]]
            assert problem.code == REFUSED
            assert problem.reason in RIVALS[rivals]
            assert problem.text
            assert not effects_of(stack, calls[lost[0]][1])
            assert effects_of(stack, calls[1 - lost[0]][1])
