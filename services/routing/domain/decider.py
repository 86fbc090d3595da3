"""Routing's decisions: which events follow from a command, another service's event, or time.

Pure: the same state, command and facts give the same outcome. Each use case has a module of its
own; this one brings them together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.intake_events_pb2 import (
    DossierAccepted,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.routing.v1 import routing_pb2 as pb

from services.kernel.errors import Refusal
from services.routing import (
    completing,
    opening,
    recomputing,
    recording,
    resolving,
    supplementing,
    withdrawing,
)
from services.routing.clock import extending, pausing
from services.routing.evolving import evolve
from services.routing.facts import Facts
from services.routing.state import INITIAL, State
from services.routing.teamwork import consulting, correcting, moving, papers, sharing
from services.routing.watching import alarms, overdue

__all__ = ["INITIAL", "Facts", "State", "alarms", "decide", "evolve"]

_DECISIONS: dict[type[Message], Callable[[State, Any, Facts], list[Message] | Refusal]] = {
    DossierAccepted: opening.open_case,
    SupplementSubmitted: supplementing.resume,
    WithdrawalRequested: withdrawing.ask,
    pb.AssignStepRequest: completing.assign,
    pb.CompleteStepRequest: completing.complete,
    pb.SendBackRequest: completing.send_back,
    pb.RequestSupplementRequest: supplementing.request_supplement,
    pb.CloseCaseRequest: supplementing.close,
    pb.RequestPaymentRequest: pausing.request_payment,
    pb.ConfirmPaymentRequest: pausing.confirm_payment,
    pb.StopCaseRequest: pausing.stop,
    pb.ResumeCaseRequest: pausing.resume,
    pb.ExtendDeadlineRequest: extending.extend,
    pb.ResolveCaseRequest: resolving.resolve,
    pb.OpenStepRequest: moving.open_step,
    pb.PullBackRequest: moving.pull_back,
    pb.MoveCaseRequest: moving.move_case,
    pb.SetParticipantRequest: sharing.set_participant,
    pb.DelegateWorkRequest: sharing.delegate,
    pb.EndAbsenceRequest: sharing.end_absence,
    pb.RequestConsultationRequest: consulting.request,
    pb.AnswerConsultationRequest: consulting.answer,
    pb.CancelConsultationRequest: consulting.cancel,
    pb.DraftPaperRequest: papers.draft,
    pb.JudgePaperRequest: papers.judge,
    pb.CorrectCaseRequest: correcting.correct,
    pb.AnswerWithdrawalRequest: withdrawing.answer,
    pb.RecordStepRequest: recording.record,
    pb.CompleteImportRequest: recording.complete_import,
    pb.RecomputeDeadlinesRequest: recomputing.recompute,
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
    pb.StopCaseRequest,
    pb.ResumeCaseRequest,
    pb.ResolveCaseRequest,
    pb.AnswerConsultationRequest,
    pb.CancelConsultationRequest,
    pb.AnswerWithdrawalRequest,
    pb.RecomputeDeadlinesRequest,
)
"""What takes a due date away, stops or moves it: whether it had passed must be said before."""


def decide(state: State, command: Message, facts: Facts) -> list[Message] | Refusal:
    """Give the events that follow from a command or from another service's event.

    A refusal is for commands; an event that calls for nothing gives no events. What is said of a
    passed due date does not depend on when the watch looked: it comes first. Raises ``KeyError``
    for a message that routing does not decide on.
    """
    outcome = _DECISIONS[type(command)](state, command, facts)
    if isinstance(outcome, Refusal) or not outcome or not isinstance(command, _ENDING):
        return outcome
    return [*overdue(state, facts.at), *outcome]
