"""What a case shows of its open transitions, and of who works on it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseCorrected, CaseMoved, CasePulledBack
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildReopened,
    ChildRequested,
    ChildWithheld,
    ConsultationAnswered,
    ConsultationCancelled,
    ConsultationRequested,
    DocumentReviewed,
    ParticipantChanged,
    WorkDelegated,
)
from motcua.routing.v1.officer_events_pb2 import DelegationEnded
from motcua.routing.v1.types_pb2 import CaseFact

from kernel.base.instants import to_timestamp
from office.process.model.circumstances import circumstances
from office.process.model.process import Process, Transition
from services.routing.domain.state import CaseStatus, State
from services.routing.domain.use_cases.case.step import back_transitions


def show_transitions(
    response: pb.GetCaseResponse,
    row: Mapping[str, Any],
    state: State,
    process: Process,
    language: str,
) -> None:
    """Add the transitions that are open at the current step, by what is known of the case."""
    if not process.has(state.step):
        return
    step = process.step(state.step)
    known = circumstances(
        procedure=row["procedure_code"] or "",
        unit=row["dossier_unit"] or "",
        channel=row["channel"] or 0,
        level=row["level"] or 0,
        result_channel=row["result_channel"] or 0,
        rounds=state.round,
        stated=state.work.facts,
    )
    stated = {name for name, _ in state.work.facts}
    response.asked_facts.extend(name for name in step.states if name not in stated)
    transitions, back = step.open_transitions(known), back_transitions(state, process, known)
    # What is to be stated yet may open other transitions: all of them are shown until then.
    following = (
        step.next
        if response.asked_facts
        else dict.fromkeys(transition.to for transition in transitions)
    )
    response.next_steps.extend(following)
    response.back_steps.extend(dict.fromkeys(transition.to for transition in back))
    response.transitions.extend(
        _transition(transition, language) for transition in [*transitions, *back]
    )
    response.resolvable = step.resolves and state.status is CaseStatus.RUNNING


def _transition(transition: Transition, language: str) -> pb.CaseTransition:
    title = transition.title.en if language == "en" else transition.title.vi
    return pb.CaseTransition(
        name=transition.name, to=transition.to, back=transition.back, title=title
    )


def show_collaboration(response: pb.GetCaseResponse, state: State, now: int) -> None:
    """Add stated facts, draft documents, child dossiers, participants and substitutes."""
    for each in state.work.delegations:
        response.substitutions.add(
            officer=each.officer,
            substitute=each.substitute,
            begins_at=to_timestamp(each.begins_at),
            ends_at=to_timestamp(each.ends_at),
            active=each.active(now, state.unit),
        )
    response.facts.extend(CaseFact(name=n, value=v) for n, v in state.work.facts)
    for draft in state.work.drafts:
        response.documents.add(
            number=draft.number,
            kind=draft.kind,
            sha256=draft.sha256,
            drafted_by=draft.drafted_by,
            reviewed_by=draft.reviewed_by,
            signed_by=draft.signed_by,
            refused=draft.refused,
            document_number=draft.document_number,
            result=draft.result,
            round=draft.round,
            sent_back=draft.sent_back,
        )
    for child in state.work.children:
        response.children.add(
            number=child.number,
            name=child.name,
            procedure_code=child.procedure,
            waits=child.waits,
            ending=child.ending,
            result_number=child.result_number,
        )
    for officer, participation in state.work.participants:
        response.participants.add(
            officer=officer,
            participation=participation,
        )


NOTES: dict[type[Message], Callable[[Any], str]] = {
    CasePulledBack: lambda payload: str(payload.reason),
    CaseMoved: lambda payload: f"{payload.process} v{payload.process_version}: {payload.reason}",
    ParticipantChanged: lambda payload: str(payload.officer),
    ConsultationRequested: lambda payload: f"{payload.unit}: {payload.question}",
    ConsultationAnswered: lambda payload: (
        f"{payload.successor_unit or payload.unit}: {payload.answer}"
    ),
    ConsultationCancelled: lambda payload: f"{payload.unit}: {payload.reason}",
    WorkDelegated: lambda payload: f"{payload.officer} → {payload.substitute}",
    DelegationEnded: lambda payload: f"{payload.substitute} → {payload.officer}",
    DocumentReviewed: lambda payload: str(payload.reason or payload.document_number),
    ChildRequested: lambda payload: f"{payload.name}: {payload.procedure_code}",
    ChildWithheld: lambda payload: f"{payload.name}: {payload.procedure_code}",
    ChildReopened: lambda payload: str(payload.child_code),
    ChildEnded: lambda payload: f"{payload.child_code}: {payload.ending}",
    CaseCorrected: lambda payload: str(payload.reason),
}
