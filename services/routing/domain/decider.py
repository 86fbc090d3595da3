"""Routing's decisions: which events follow from a command, another service's event, or time.

Pure: the same state, command and facts give the same outcome. Each use case has a module of its
own; this one brings them together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refusal
from services.routing.domain.alarms import alarms, overdue
from services.routing.domain.context import DecisionContext
from services.routing.domain.evolve import evolve
from services.routing.domain.state import INITIAL, State
from services.routing.domain.use_cases.case import (
    correct,
    import_history,
    move_case,
    open_case,
    resolve,
    step,
    supplement,
    withdraw,
)
from services.routing.domain.use_cases.collaboration import consult, draft_documents, participants
from services.routing.domain.use_cases.deadlines import extend, recalculate, suspend

__all__ = ["INITIAL", "DecisionContext", "State", "alarms", "decide", "evolve"]

_DECISIONS: dict[
    type[Message], Callable[[State, Any, DecisionContext], list[Message] | Refusal]
] = {
    DossierAccepted: open_case.open_case,
    SupplementSubmitted: supplement.resume,
    WithdrawalRequested: withdraw.ask,
    pb.AssignStepRequest: step.assign,
    pb.CompleteStepRequest: step.complete,
    pb.SendBackRequest: step.send_back,
    pb.RequestSupplementRequest: supplement.request_supplement,
    pb.CloseCaseRequest: supplement.close,
    pb.RequestPaymentRequest: suspend.request_payment,
    pb.ConfirmPaymentRequest: suspend.confirm_payment,
    pb.SuspendCaseRequest: suspend.stop,
    pb.ResumeCaseRequest: suspend.resume,
    pb.ExtendDeadlineRequest: extend.extend,
    pb.ResolveCaseRequest: resolve.resolve,
    pb.OpenStepRequest: move_case.open_step,
    pb.PullBackRequest: move_case.pull_back,
    pb.MoveCaseRequest: move_case.move_case,
    pb.SetParticipantRequest: participants.set_participant,
    pb.DelegateWorkRequest: participants.delegate,
    pb.EndAbsenceRequest: participants.end_absence,
    pb.RequestConsultationRequest: consult.request,
    pb.AnswerConsultationRequest: consult.answer,
    pb.CancelConsultationRequest: consult.cancel,
    pb.DraftDocumentRequest: draft_documents.draft,
    pb.ReviewDocumentRequest: draft_documents.judge,
    pb.CorrectCaseRequest: correct.correct,
    pb.AnswerWithdrawalRequest: withdraw.answer,
    pb.RecordStepRequest: import_history.record,
    pb.CompleteImportRequest: import_history.complete_import,
    pb.RecalculateDeadlinesRequest: recalculate.recalculate,
}

_ENDING = (
    SupplementSubmitted,
    WithdrawalRequested,
    pb.AssignStepRequest,
    pb.CompleteStepRequest,
    pb.SendBackRequest,
    pb.PullBackRequest,
    pb.RequestSupplementRequest,
    pb.CloseCaseRequest,
    pb.RequestPaymentRequest,
    pb.ConfirmPaymentRequest,
    pb.SuspendCaseRequest,
    pb.ResumeCaseRequest,
    pb.ResolveCaseRequest,
    pb.AnswerConsultationRequest,
    pb.CancelConsultationRequest,
    pb.AnswerWithdrawalRequest,
    pb.RecalculateDeadlinesRequest,
)
"""What takes a due date away, stops or moves it: whether it had passed must be said before."""


def decide(state: State, command: Message, facts: DecisionContext) -> list[Message] | Refusal:
    """Return the events that follow from a command or from another service's event.

    A refusal is for commands; an event that calls for nothing gives no events. What is said of a
    passed due date does not depend on when the watch looked: it comes first. Raise ``KeyError``
    for a message that routing does not decide on.
    """
    outcome = _DECISIONS[type(command)](state, command, facts)
    if isinstance(outcome, Refusal) or not outcome or not isinstance(command, _ENDING):
        return outcome
    return [*overdue(state, facts.at), *outcome]
