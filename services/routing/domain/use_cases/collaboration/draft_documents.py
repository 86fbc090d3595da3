"""Outgoing papers: drafted, reviewed, signed; nobody judges an own draft, or one draft twice."""

from __future__ import annotations

from typing import Final

from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import DocumentDrafted, DocumentReviewed
from motcua.routing.v1.types_pb2 import CaseResult, DocumentKind, DocumentStage

from kernel.base.errors import Refusal
from office.process.model.process import Process
from services.routing.domain.collaboration_state import Draft
from services.routing.domain.context import Decision, DecisionContext
from services.routing.domain.guards import may_help, open_case, within
from services.routing.domain.refusals.case import refusal
from services.routing.domain.state import State

RESULT: Final = DocumentKind.DOCUMENT_KIND_RESULT
NAMES: Final = {
    RESULT: "result",
    DocumentKind.DOCUMENT_KIND_SUPPLEMENT: "supplement",
    DocumentKind.DOCUMENT_KIND_RETURN: "return",
    DocumentKind.DOCUMENT_KIND_APOLOGY: "apology",
}


def draft(state: State, command: pb.DraftDocumentRequest, context: DecisionContext) -> Decision:
    """Draft a paper; a new draft takes the place of one that was not signed."""
    if refused := may_help(state, command.step, context):
        return refused
    drafted = DocumentDrafted(
        number=len(state.work.drafts) + 1,
        kind=command.kind,
        sha256=command.sha256,
        step=state.step,
    )
    if command.kind == RESULT:
        drafted.result = command.result or CaseResult.CASE_RESULT_GRANTED
    if command.kind == DocumentKind.DOCUMENT_KIND_SUPPLEMENT:
        drafted.round = state.round + 1
    last = state.work.latest(command.kind)
    if last is not None and not last.refused and not last.sent_back:
        same = (last.sha256, last.result, last.round)
        if same == (drafted.sha256, drafted.result, drafted.round):
            return refusal("ALREADY_DRAFTED", number=last.number)
    return [drafted]


def judge(state: State, command: pb.ReviewDocumentRequest, context: DecisionContext) -> Decision:
    """Review or sign the latest draft of its kind, or refuse it with a reason."""
    if refused := _judgeable(state, command, context):
        return refused
    paper = state.work.draft(command.number)
    assert paper is not None
    return [
        DocumentReviewed(
            number=paper.number,
            kind=paper.kind,  # type: ignore[arg-type]
            stage=command.stage,
            approved=command.approved,
            reason=command.reason,
            document_number=command.document_number if command.approved else "",
        )
    ]


def _judgeable(
    state: State, command: pb.ReviewDocumentRequest, context: DecisionContext
) -> Refusal | None:
    if refused := open_case(state):
        return refused
    paper = state.work.draft(command.number)
    if paper is None or state.work.latest(paper.kind) is not paper:
        return refusal("NO_SUCH_DRAFT", number=command.number)
    if paper.sha256 != command.sha256:
        return refusal("DRAFT_CHANGED", number=paper.number)
    if not within(context.unit, context.actor.unit) and not within(state.unit, context.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=context.unit)
    if context.actor.id == paper.drafted_by:
        return refusal("OWN_DRAFT")
    if paper.refused or paper.signed_by:
        return refusal("DRAFT_ENDED", number=paper.number)
    if paper.sent_back:
        return refusal("DRAFT_SENT_BACK", number=paper.number)
    rule = context.process.document(NAMES[paper.kind])  # type: ignore[index]
    review = command.stage == DocumentStage.DOCUMENT_STAGE_REVIEW
    if review and (paper.reviewed_by or not rule.review):
        return refusal("NO_REVIEW_NEEDED", number=paper.number)
    if not review and rule.review and not paper.reviewed_by:
        return refusal("REVIEW_FIRST", number=paper.number)
    role = rule.review if review else rule.sign
    if role not in (context.roles or ()):
        return refusal("NOT_YOUR_ROLE", role=role)
    if context.actor.id == paper.reviewed_by:
        return refusal("REVIEWED_BEFORE", number=paper.number)
    if not command.approved and not command.reason.strip():
        return refusal("REASON_NEEDED")
    return None


def supplement_unsigned(state: State, process: Process) -> Refusal | None:
    """Refuse unless the paper that the process wants is signed for the request that is next."""
    kind = DocumentKind.DOCUMENT_KIND_SUPPLEMENT
    if not process.document(NAMES[kind]).required:
        return None
    paper = signed(state, kind)
    if paper is None:
        return refusal("DOCUMENT_NOT_SIGNED", kind=NAMES[kind])
    if paper.round != state.round + 1:
        return refusal("DOCUMENT_OF_OTHER_ROUND", number=paper.number, round=state.round + 1)
    return None


def result_unsigned(state: State, process: Process, result: CaseResult) -> Refusal | None:
    """Refuse unless the paper that the process wants is signed for this result, and the case was
    not sent back since.
    """
    if not process.document(NAMES[RESULT]).required:
        return None
    paper = signed(state, RESULT)
    if paper is None:
        return refusal("DOCUMENT_NOT_SIGNED", kind=NAMES[RESULT])
    if paper.sent_back:
        return refusal("DOCUMENT_SENT_BACK", number=paper.number)
    if paper.result != result:
        return refusal("DOCUMENT_FOR_OTHER_RESULT", number=paper.number)
    return None


def signed(state: State, kind: DocumentKind) -> Draft | None:
    """Return the latest draft of a kind when it is signed."""
    last = state.work.latest(kind)
    return last if last is not None and last.signed_by else None
