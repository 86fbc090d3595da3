"""Outgoing papers: drafted, reviewed, signed; nobody judges an own draft."""

from __future__ import annotations

from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.process_events_pb2 import PaperDrafted, PaperJudged, PaperKind, PaperStage
from motcua.routing.v1 import routing_pb2 as pb

from services.kernel.errors import Refusal
from services.routing.facts import Facts
from services.routing.guards import may_help, open_case, within
from services.routing.process import Process
from services.routing.state import State
from services.routing.texts import refusal

NAMES: Final = {
    PaperKind.PAPER_KIND_RESULT: "result",
    PaperKind.PAPER_KIND_SUPPLEMENT: "supplement",
    PaperKind.PAPER_KIND_RETURN: "return",
    PaperKind.PAPER_KIND_APOLOGY: "apology",
}


def draft(state: State, command: pb.DraftPaperRequest, facts: Facts) -> list[Message] | Refusal:
    """Draft a paper; a new draft takes the place of one that was not signed."""
    refused = may_help(state, command.step, facts)
    if refused is not None:
        return refused
    last = state.work.latest(command.kind)
    if last is not None and last.sha256 == command.sha256 and not last.refused:
        return refusal("ALREADY_DRAFTED", number=last.number)
    return [
        PaperDrafted(
            number=len(state.work.drafts) + 1,
            kind=command.kind,
            sha256=command.sha256,
            step=state.step,
        )
    ]


def judge(state: State, command: pb.JudgePaperRequest, facts: Facts) -> list[Message] | Refusal:
    """Review or sign the latest draft of its kind, or refuse it with a reason."""
    refused = _judgeable(state, command, facts)
    if refused is not None:
        return refused
    paper = state.work.draft(command.number)
    assert paper is not None
    return [
        PaperJudged(
            number=paper.number,
            kind=paper.kind,  # type: ignore[arg-type]
            stage=command.stage,
            approved=command.approved,
            reason=command.reason,
            document_number=command.document_number if command.approved else "",
        )
    ]


def _judgeable(state: State, command: pb.JudgePaperRequest, facts: Facts) -> Refusal | None:
    refused = open_case(state)
    if refused is not None:
        return refused
    paper = state.work.draft(command.number)
    if paper is None or state.work.latest(paper.kind) is not paper:
        return refusal("NO_SUCH_DRAFT", number=command.number)
    if paper.sha256 != command.sha256:
        return refusal("DRAFT_CHANGED", number=paper.number)
    if not within(facts.unit, facts.actor.unit) and not within(state.unit, facts.actor.unit):
        return refusal("NOT_YOUR_UNIT", unit=facts.unit)
    if facts.actor.id == paper.drafted_by:
        return refusal("OWN_DRAFT")
    if paper.refused or paper.signed_by:
        return refusal("DRAFT_ENDED", number=paper.number)
    rule = facts.process.paper(NAMES[paper.kind])  # type: ignore[index]
    review = command.stage == PaperStage.PAPER_STAGE_REVIEW
    if review and (paper.reviewed_by or not rule.review):
        return refusal("NO_REVIEW_NEEDED", number=paper.number)
    if not review and rule.review and not paper.reviewed_by:
        return refusal("REVIEW_FIRST", number=paper.number)
    role = rule.review if review else rule.sign
    if role not in (facts.roles or ()):
        return refusal("NOT_YOUR_ROLE", role=role)
    if not command.approved and not command.reason.strip():
        return refusal("REASON_NEEDED")
    return None


def unsigned(state: State, process: Process, kind: PaperKind) -> Refusal | None:
    """Refuse unless the paper that the process wants is signed in its latest draft."""
    if not process.paper(NAMES[kind]).required:
        return None
    last = state.work.latest(kind)
    if last is not None and last.signed_by and not last.refused:
        return None
    return refusal("PAPER_NOT_SIGNED", kind=NAMES[kind])
