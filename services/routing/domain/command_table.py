"""The table of routing's commands: one row each, from which everything else about them is derived.

Pure. The dispatch of the decider, the RPC methods, their handlers and the tests that walk over all
commands come from here; who may call a command stands in ``office/permissions.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.routing.v1 import routing_pb2 as pb

from kernel.commands.command_table import check_requests, rows_by_message
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.state import State
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

M = TypeVar("M", bound=Message)


class Answer(Enum):
    """What a command is answered with, the first time and each time it is repeated."""

    CASE = "case"
    """The case as it is by then, in the response's ``case``."""
    STEPS = "steps"
    """How many steps of another system are recorded by then, in the response's ``steps``."""
    OWN = "own"
    """What a handler of its own answers, because the command is about more than one case."""


@dataclass(frozen=True)
class DecisionSpec(Generic[M]):
    """How one kind of message is decided: a command, or an event of another service."""

    message: type[M]
    decide: Callable[[State, M, DecisionContext], Decision]
    _: KW_ONLY
    ends_due_date: bool
    """It takes a due date away, stops or moves it: whether that had passed must be said before."""


@dataclass(frozen=True)
class CommandSpec(DecisionSpec[M]):
    """One command; its RPC is the one whose request is ``message``."""

    answer: Answer = Answer.CASE


COMMANDS: Final = (
    CommandSpec(pb.AssignStepRequest, step.assign, ends_due_date=True),
    CommandSpec(pb.CompleteStepRequest, step.complete, ends_due_date=True),
    CommandSpec(pb.SendBackRequest, step.send_back, ends_due_date=True),
    CommandSpec(pb.RequestSupplementRequest, supplement.request_supplement, ends_due_date=True),
    CommandSpec(pb.CloseCaseRequest, supplement.close, ends_due_date=True),
    CommandSpec(pb.RequestPaymentRequest, suspend.request_payment, ends_due_date=True),
    CommandSpec(pb.ConfirmPaymentRequest, suspend.confirm_payment, ends_due_date=True),
    CommandSpec(pb.SuspendCaseRequest, suspend.stop, ends_due_date=True),
    CommandSpec(pb.ResumeCaseRequest, suspend.resume, ends_due_date=True),
    CommandSpec(pb.ExtendDeadlineRequest, extend.extend, ends_due_date=False),
    CommandSpec(pb.ResolveCaseRequest, resolve.resolve, ends_due_date=True),
    CommandSpec(pb.OpenStepRequest, move_case.open_step, ends_due_date=False),
    CommandSpec(pb.PullBackRequest, move_case.pull_back, ends_due_date=True),
    CommandSpec(pb.MoveCaseRequest, move_case.move_case, ends_due_date=False),
    CommandSpec(pb.SetParticipantRequest, participants.set_participant, ends_due_date=False),
    CommandSpec(
        pb.DelegateWorkRequest, participants.delegate, ends_due_date=False, answer=Answer.OWN
    ),
    CommandSpec(
        pb.EndAbsenceRequest, participants.end_absence, ends_due_date=False, answer=Answer.OWN
    ),
    CommandSpec(pb.RequestConsultationRequest, consult.request, ends_due_date=False),
    CommandSpec(pb.AnswerConsultationRequest, consult.answer, ends_due_date=True),
    CommandSpec(pb.CancelConsultationRequest, consult.cancel, ends_due_date=True),
    CommandSpec(pb.DraftDocumentRequest, draft_documents.draft, ends_due_date=False),
    CommandSpec(pb.ReviewDocumentRequest, draft_documents.judge, ends_due_date=False),
    CommandSpec(pb.CorrectCaseRequest, correct.correct, ends_due_date=False),
    CommandSpec(pb.AnswerWithdrawalRequest, withdraw.answer, ends_due_date=True),
    CommandSpec(
        pb.RecordStepRequest, import_history.record, ends_due_date=False, answer=Answer.STEPS
    ),
    CommandSpec(
        pb.CompleteImportRequest,
        import_history.complete_import,
        ends_due_date=False,
        answer=Answer.STEPS,
    ),
    CommandSpec(
        pb.RecalculateDeadlinesRequest,
        recalculate.recalculate,
        ends_due_date=True,
        answer=Answer.OWN,
    ),
)
EVENTS: Final = (
    DecisionSpec(DossierAccepted, open_case.open_case, ends_due_date=False),
    DecisionSpec(SupplementSubmitted, supplement.resume, ends_due_date=True),
    DecisionSpec(WithdrawalRequested, withdraw.ask, ends_due_date=True),
)
"""The events of other services on which routing decides."""


SERVICES: Final = tuple(pb.DESCRIPTOR.services_by_name.values())
"""The services of the contract whose RPCs the commands are."""
DECISIONS: Final[Mapping[type[Message], DecisionSpec[Any]]] = rows_by_message(*EVENTS, *COMMANDS)
check_requests(SERVICES, [spec.message for spec in COMMANDS])
