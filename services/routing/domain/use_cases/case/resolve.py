"""A case ends with a result."""

from __future__ import annotations

from typing import Final

from motcua.events.v1.common_pb2 import ResultKind
from motcua.routing.v1.case_events_pb2 import CaseResolved
from motcua.routing.v1.routing_pb2 import ResolveCaseRequest
from motcua.routing.v1.types_pb2 import CaseResult

from kernel.base.errors import Refusal
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import may_work, open_case
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State
from services.routing.domain.use_cases.case.withdraw import pending
from services.routing.domain.use_cases.collaboration.draft_documents import (
    RESULT,
    result_unsigned,
    signed,
)

_ELECTRONIC: Final = (ResultKind.RESULT_KIND_ELECTRONIC, ResultKind.RESULT_KIND_SIGNED)


def resolve(state: State, command: ResolveCaseRequest, context: DecisionContext) -> Decision:
    """End the case with a result.

    Officers do so at a step that resolves, and explain a rejection or a passed due date; what they
    grant has the file and the signature that the procedure says a result has. Importers
    report how a case from another system ended there, whatever was known of its steps.
    """
    refused = _importing(state) if context.by_importer else _working(state, command, context)
    if refused is not None:
        return refused
    return [
        CaseResolved(
            result=command.result,
            result_number=command.result_number,
            explanation=command.explanation,
            result_channel=context.result_channel,
            file_sha256=command.file_sha256,
        )
    ]


def _importing(state: State) -> Refusal | None:
    if refused := open_case(state):
        return refused
    return None if state.imported else refusal("NOT_IMPORTED")


def _working(state: State, command: ResolveCaseRequest, context: DecisionContext) -> Refusal | None:
    if refused := may_work(state, command.step, context):
        return refused
    if not context.process.step(state.step).resolves:
        return refusal("STEP_CANNOT_RESOLVE", step=state.step)
    if pending(state, context):
        return refusal("WITHDRAWAL_OPEN", number=context.withdrawals)
    if waiting := state.work.waiting(state.step):
        return refusal("CONSULTATION_OPEN", unit=waiting[0].unit, number=waiting[0].number)
    if children := state.work.unfinished(state.step):
        return refusal("CHILD_OPEN", name=children[0].name, number=children[0].number)
    refused = result_unsigned(state, context.process, command.result)
    if refused := refused or _file_missing(state, command, context):
        return refused
    rejected = command.result == CaseResult.CASE_RESULT_REJECTED
    if (rejected or _late(state, context)) and not command.explanation.strip():
        return refusal("EXPLANATION_REQUIRED")
    return None


def _file_missing(
    state: State, command: ResolveCaseRequest, context: DecisionContext
) -> Refusal | None:
    """Refuse to grant an electronic result without its file, or a signed one whose file is not the
    content of a signed paper that counts. Dossiers of another system are exempt.
    """
    electronic = context.result_kind in _ELECTRONIC and not context.imported
    if command.result != CaseResult.CASE_RESULT_GRANTED or not electronic:
        return None
    if not command.file_sha256:
        return refusal("RESULT_FILE_MISSING")
    if context.result_kind != ResultKind.RESULT_KIND_SIGNED:
        return None
    paper = signed(state, RESULT)
    counts = paper is not None and not paper.sent_back and paper.result == command.result
    if counts and paper is not None and paper.sha256 == command.file_sha256:
        return None
    return refusal("RESULT_NOT_SIGNED")


def _late(state: State, context: DecisionContext) -> bool:
    return state.dossier_limit is not None and context.at > state.dossier_limit.due_at
