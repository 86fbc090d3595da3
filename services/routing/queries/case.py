"""Queries of a case and its history. Nothing here writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    StepAssigned,
    StepCompleted,
    StepRecorded,
    StepSentBack,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineRecalculated,
)
from motcua.routing.v1.types_pb2 import Payment
from sqlalchemy import Connection, select

from kernel.base.instants import to_timestamp
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.envelope import payload_of, short_name, type_name
from office.people.access_scope import AccessScope, officer_key
from office.process.model.process import Process, Processes, UnknownProcess
from office.sealed_text import WITHDRAWAL_REASON, open_text
from office.streams import DOSSIER
from services.routing.domain.decider import INITIAL, evolve
from services.routing.domain.refusals import case as texts
from services.routing.domain.state import CaseStatus, State
from services.routing.queries.case_actions import NOTES, show_collaboration, show_transitions
from services.routing.tables import CASES, CHILDREN, KERNEL, SOURCE

Row = Mapping[str, Any]
RUNNING = pb.CaseState.CASE_STATE_RUNNING


def case_of(row: Row, now: int) -> pb.Case:
    """Describe a case from its row."""
    running = row["step"] and row["ended_at"] is None
    return pb.Case(
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"] or "",
        unit=row["dossier_unit"] or "",
        channel=row["channel"],
        process=row["process"] or "",
        process_version=row["process_version"] or 0,
        state=row["state"],
        assignee=row["assignee"] or "",
        overdue=overdue(row, now),
        supplement_round=row["round"] or 0,
        result=row["result"],
        result_number=row["result_number"] or "",
        explanation=row["explanation"] or "",
        result_channel=row["result_channel"],
        imported_from=row["imported_from"] or "",
        history_complete=bool(row["history_complete"]),
        opened_at=to_timestamp(row["opened_at"]),
        due_at=to_timestamp(row["due_at"]),
        suspended_at=to_timestamp(row["suspended_at"]),
        answer_due_at=to_timestamp(row["answer_due_at"]),
        ended_at=to_timestamp(row["ended_at"]),
        first_due_at=to_timestamp(row["first_due_at"]),
        apology_number=row["apology_number"] or "",
        extended_at=to_timestamp(row["extended_at"]),
        suspension=_suspension(row, now),
        result_kind=row["result_kind"],
        file_sha256=row["file_sha256"] or "",
        withdrawal=_withdrawal(row),
        current=current_of(row) if running else None,
    )


def _suspension(row: Row, now: int) -> pb.Suspension | None:
    if row["suspension"] is None:
        return None
    shown = json.loads(row["suspension"])
    money = shown["phi"] or shown["le_phi"]
    return pb.Suspension(
        kind=shown["kind"],
        reason=shown["reason"],
        counterpart=shown["counterpart"],
        since=to_timestamp(row["suspended_at"]),
        expected_end_at=to_timestamp(shown["end_at"]),
        payment=Payment(phi=shown["phi"], le_phi=shown["le_phi"]) if money else None,
        expired=shown["end_at"] is not None and shown["end_at"] < now,
        actor=shown["actor"],
    )


def withdrawal_requested(row: Row) -> bool:
    """Return whether a wish of the citizen waits for an answer."""
    answered = row["withdrawals_declined"] or 0
    return row["ended_at"] is None and (row["withdrawals"] or 0) > answered


def _withdrawal(row: Row) -> pb.Withdrawal | None:
    if not withdrawal_requested(row):
        return None
    return pb.Withdrawal(
        number=row["withdrawals"],
        requested_at=to_timestamp(row["withdrawal_requested_at"]),
    )


def get_case(
    connection: Connection,
    request: pb.GetCaseRequest,
    processes: Processes,
    now: int,
    language: str = "vi",
    access_scope: AccessScope | None = None,
    keyring: Keyring | None = None,
) -> pb.GetCaseResponse:
    """Show a case and its history; raise ``NotFound``. Without a ``keyring`` what a citizen wrote
    is left out.

    Raise ``Forbidden`` to an officer who by ``access_scope`` takes no part in it.
    """
    code = request.dossier_code
    row = connection.execute(CASES.select().where(CASES.c.dossier_code == code)).mappings().first()
    if row is None:
        raise texts.no_such_dossier()
    state: State = INITIAL
    entries = []
    for event in _own_events(connection, code):
        entries.append(_entry(state, event))
        state = evolve(state, event)
    if access_scope is not None:
        units = [entry.unit for entry in entries] + [each.unit for each in state.work.asked]
        units += [state.unit, row["dossier_unit"] or "", row["received_unit"] or ""]
        units += _waiting_for(connection, row["parent_code"] or "")
        access_scope.require(units, (officer_key(who) for who, _ in state.work.participants))
    response = pb.GetCaseResponse(case=case_of(dict(row), now), entries=entries)
    process = _process(processes, state)
    if process is not None and state.status in (CaseStatus.RUNNING, CaseStatus.SUSPENDED):
        show_transitions(response, dict(row), state, process, language)
    show_collaboration(response, state, now)
    response.parent_code = row["parent_code"] or ""
    if keyring is not None and response.case.HasField("withdrawal"):
        response.case.withdrawal.reason = open_text(
            keyring, code, WITHDRAWAL_REASON, row["withdrawal_reason"]
        )
    if response.children:
        _name_children(connection, code, response)
    return response


def _waiting_for(connection: Connection, parent: str) -> list[str]:
    """Return the units that wait for a child dossier: those of the dossier that it is for."""
    if not parent:
        return []
    found = select(CASES.c.dossier_unit, CASES.c.step_unit).where(CASES.c.dossier_code == parent)
    row = connection.execute(found).first()
    return [unit for unit in row or () if unit]


def _name_children(connection: Connection, code: str, response: pb.GetCaseResponse) -> None:
    found = connection.execute(CHILDREN.select().where(CHILDREN.c.dossier_code == code))
    codes = {row.number: row.child_code for row in found}
    for child in response.children:
        child.dossier_code = codes.get(child.number, "")


def list_processes(processes: Processes, language: str) -> pb.ListProcessesResponse:
    """List all processes, titled in one language."""
    english = language == "en"
    return pb.ListProcessesResponse(
        processes=[
            pb.Process(
                name=process.name,
                version=process.version,
                title=process.title.en if english else process.title.vi,
                supplement_rounds=process.supplement_rounds,
                supplement_period=str(process.supplement_period),
                warning=str(process.warning),
                steps=[
                    pb.ProcessStep(
                        name=step.name,
                        title=step.title.en if english else step.title.vi,
                        unit=step.unit,
                        role=step.role,
                        time_limit=str(step.time_limit),
                        next=step.next,
                        back=step.back,
                        resolves=step.resolves,
                    )
                    for step in process.steps
                ],
            )
            for process in processes.all()
        ]
    )


def _own_events(connection: Connection, code: str) -> list[Event]:
    events = KERNEL.events
    found = connection.execute(
        select(events.c.body)
        .where(
            events.c.stream_id == code,
            events.c.stream_kind == DOSSIER,
            events.c.source == SOURCE,
        )
        .order_by(events.c.sequence)
    )
    return [Event.FromString(body) for (body,) in found]


def _process(processes: Processes, state: State) -> Process | None:
    try:
        return processes.get(state.process, state.version)
    except UnknownProcess:
        return None


def _entry(before: State, event: Event) -> pb.CaseEntry:
    """Return what one event did; ``before`` is the case before it."""
    payload: Any = payload_of(event)
    entry = pb.CaseEntry(
        type=short_name(type_name(event)),
        occurred_at=event.occurred_at,
        step=before.step,
        unit=before.unit,
        actor=event.actor.id,
    )
    if isinstance(payload, CaseOpened):
        entry.step, entry.unit = payload.current.step, payload.current.unit
    elif isinstance(payload, StepRecorded):
        entry.step, entry.unit = payload.activity, payload.unit
        entry.actor = payload.performer
    entry.note = _NOTES.get(type(payload), _nothing)(payload)
    return entry


def _nothing(_payload: Any) -> str:
    return ""


_NOTES: dict[type[Message], Callable[[Any], str]] = {
    StepAssigned: lambda payload: str(payload.assignee),
    StepCompleted: lambda payload: str(payload.note),
    StepSentBack: lambda payload: str(payload.reason),
    SupplementRequested: lambda payload: str(payload.reason),
    CaseSuspended: lambda payload: str(payload.reason),
    CaseResumed: lambda payload: str(payload.reason or payload.receipt_number),
    DeadlineExtended: lambda payload: str(payload.reason),
    CaseClosed: lambda payload: str(payload.reason),
    DeadlineEscalated: lambda payload: " ".join(
        filter(None, (payload.escalation_level, payload.unit, ", ".join(payload.officers)))
    ),
    CaseResolved: lambda payload: str(payload.explanation),
    CaseWithdrawn: lambda payload: f"{payload.parent_code} {payload.reason}".strip(),
    WithdrawalDeclined: lambda payload: str(payload.reason or payload.reason_code),
    **NOTES,
    DeadlineRecalculated: lambda payload: str(payload.reason),
}


def current_of(row: Row) -> pb.CaseStep:
    """Return the current step of a case's row, with its due dates."""
    return pb.CaseStep(
        step=row["step"],
        unit=row["step_unit"],
        role=row["step_role"],
        due_at=to_timestamp(row["step_due_at"]),
        warn_at=to_timestamp(row["step_warn_at"]),
    )


def overdue(row: Row, now: int) -> bool:
    """Return whether a date of a running case has passed."""
    dues = [at for at in (row["due_at"], row["step_due_at"]) if at is not None]
    return row["state"] == RUNNING and bool(dues) and min(dues) < now
