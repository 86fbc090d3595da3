"""What a case shows of its ways on and of how it is shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseCorrected, CaseMoved, CasePulledBack
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
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


def show_ways(
    response: pb.GetCaseResponse,
    row: Mapping[str, Any],
    state: State,
    process: Process,
    language: str,
) -> None:
    """Tell what can be done next at the current step, by what is known of the case."""
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
    ways, back = step.open_transitions(known), back_transitions(state, process, known)
    # What is to be stated yet may open other ways: all of them are shown until then.
    following = step.next if response.asked_facts else dict.fromkeys(way.to for way in ways)
    response.next_steps.extend(following)
    response.back_steps.extend(dict.fromkeys(way.to for way in back))
    response.transitions.extend(_way(way, language) for way in [*ways, *back])
    response.resolvable = step.resolves and state.status is CaseStatus.RUNNING


def _way(way: Transition, language: str) -> pb.CaseTransition:
    title = way.title.en if language == "en" else way.title.vi
    return pb.CaseTransition(name=way.name, to=way.to, back=way.back, title=title)


def show_shares(response: pb.GetCaseResponse, state: State, now: int) -> None:
    """Tell what was stated, which papers are on their way, who takes part and who stands in."""
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
    CasePulledBack: lambda said: str(said.reason),
    CaseMoved: lambda said: f"{said.process} v{said.process_version}: {said.reason}",
    ParticipantChanged: lambda said: str(said.officer),
    ConsultationRequested: lambda said: f"{said.unit}: {said.question}",
    ConsultationAnswered: lambda said: f"{said.successor_unit or said.unit}: {said.answer}",
    ConsultationCancelled: lambda said: f"{said.unit}: {said.reason}",
    WorkDelegated: lambda said: f"{said.officer} → {said.substitute}",
    DelegationEnded: lambda said: f"{said.substitute} → {said.officer}",
    DocumentReviewed: lambda said: str(said.reason or said.document_number),
    ChildRequested: lambda said: f"{said.name}: {said.procedure_code}",
    ChildWithheld: lambda said: f"{said.name}: {said.procedure_code}",
    ChildEnded: lambda said: f"{said.child_code}: {said.ending}",
    CaseCorrected: lambda said: str(said.reason),
}
