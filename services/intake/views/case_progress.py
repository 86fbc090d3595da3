"""Read model of a dossier's progress at the other services; ``dossier`` has the desk's part.

What the citizen is shown of it is kept as the event itself, a milestone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1.message_events_pb2 import MessageFailed
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    PostalJobCancelled,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    SupplementExpired,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.domain.state import CasePhase, ItemPhase
from services.intake.tables import DOSSIERS, MILESTONES
from services.intake.views import access_index
from services.intake.views.parts_json import parts_json

Columns = dict[str, Any]


def _kept(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Keep for the citizen what happened, which changes nothing in the row."""
    body = event.SerializeToString(deterministic=True)
    key = {"dossier_code": event.stream_id, "source": event.source, "sequence": event.sequence}
    uow.add(MILESTONES, {**key, "body": body})


def _noted(columns: Callable[[Event, Any], Columns], *, kept: bool = True) -> Projection:
    """Return the projection that notes columns of the row; ``kept``: as a milestone, too."""

    def project(uow: UnitOfWork, event: Event, payload: Message) -> None:
        uow.change(DOSSIERS, event.stream_id, **columns(event, payload))
        if kept:
            _kept(uow, event, payload)

    return project


# -- routing --------------------------------------------------------------------------------------


def _runs(_event: Event, payload: Any) -> Columns:
    """The clock runs, with the promised date as it is now."""
    due = instant_in(payload, "due_at")
    return {"case_phase": CasePhase.RUNNING.value, "case_due_at": due}


def _case_opened(uow: UnitOfWork, event: Event, payload: CaseOpened) -> None:
    uow.change(DOSSIERS, event.stream_id, **_runs(event, payload))
    access_index.unit_takes_part(uow, event.stream_id, payload.current.unit)


def _asked(_event: Event, payload: SupplementRequested) -> Columns:
    return {
        "case_phase": CasePhase.SUSPENDED.value,
        "round": payload.round,
        "requested_parts": parts_json(payload.parts),
        "round_answer_due_at": instant_in(payload, "answer_due_at"),
    }


def _suspended(_event: Event, payload: CaseSuspended) -> Columns:
    """Money is asked for, or somebody else is waited for."""
    paying = payload.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL
    return {"case_phase": (CasePhase.PAYING if paying else CasePhase.STOPPED).value}


_RECALCULATED: Final[Mapping[int, str]] = {
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: "case_due_at",
    DeadlineScope.DEADLINE_SCOPE_SUSPENSION: "round_answer_due_at",
}
"""The column of the promised date, and that of the citizen's time; others are none of theirs."""


def _recalculated(uow: UnitOfWork, event: Event, payload: DeadlineRecalculated) -> None:
    column = _RECALCULATED.get(payload.scope)
    if column is not None:
        uow.change(DOSSIERS, event.stream_id, **{column: to_us(payload.due_at)})
        _kept(uow, event, payload)


def _ended(phase: CasePhase) -> Projection:
    return _noted(
        lambda event, _: {"case_phase": phase.value, "case_ended_at": to_us(event.occurred_at)}
    )


def _reopened(_event: Event, _payload: CaseReopened) -> Columns:
    """The closing does not hold; that the clock runs is an event of its own."""
    return {"case_phase": CasePhase.SUSPENDED.value, "case_ended_at": None}


def _declined(uow: UnitOfWork, event: Event, payload: Message) -> None:
    """Count the departments' no."""
    row = uow.get(DOSSIERS, event.stream_id) or {}
    uow.change(DOSSIERS, event.stream_id, declined=(row.get("declined") or 0) + 1)
    _kept(uow, event, payload)


# -- postal ---------------------------------------------------------------------------------------


def _item(phase: ItemPhase, *, kept: bool = True) -> Projection:
    return _noted(lambda _event, _payload: {"item_phase": phase.value}, kept=kept)


def _offered_to(partner: str) -> Columns:
    """Somebody is asked to carry the result, or nobody is left."""
    return {"item_phase": (ItemPhase.OFFERED if partner else ItemPhase.UNWANTED).value}


def _refused(uow: UnitOfWork, event: Event, payload: PostalJobRefused) -> None:
    uow.change(DOSSIERS, event.stream_id, **_offered_to(payload.next_partner_id))
    if not payload.next_partner_id:
        _kept(uow, event, payload)


def _taken(_event: Event, payload: PostalJobTaken) -> Columns:
    return {"item_phase": ItemPhase.TAKEN.value, "item_number": payload.item_number}


# -- notify ---------------------------------------------------------------------------------------


def _message_failed(uow: UnitOfWork, event: Event, payload: MessageFailed) -> None:
    """Keep that the citizen was not reached."""
    if not payload.officer:
        _kept(uow, event, payload)


PROJECTIONS: Final[dict[type[Message], Projection]] = {
    CaseOpened: _case_opened,
    SupplementRequested: _noted(_asked),
    CaseSuspended: _noted(_suspended),
    CaseResumed: _noted(_runs),
    DeadlineExtended: _noted(lambda _, payload: {"case_due_at": instant_in(payload, "due_at")}),
    DeadlineRecalculated: _recalculated,
    SupplementExpired: _kept,
    CaseClosed: _ended(CasePhase.CLOSED),
    CaseReopened: _noted(_reopened),
    CaseResolved: _ended(CasePhase.RESOLVED),
    CaseWithdrawn: _ended(CasePhase.WITHDRAWN),
    WithdrawalDeclined: _declined,
    PostalJobCreated: _noted(lambda _, payload: _offered_to(payload.partner_id), kept=False),
    PostalJobReoffered: _item(ItemPhase.OFFERED, kept=False),
    PostalJobTaken: _noted(_taken),
    PostalJobRefused: _refused,
    PostalLeaseExpired: _noted(lambda _, payload: _offered_to(payload.next_partner_id), kept=False),
    PostalJobCancelled: _item(ItemPhase.UNWANTED),
    ItemDelivered: _item(ItemPhase.DELIVERED),
    ItemReturned: _item(ItemPhase.RETURNED),
    MessageFailed: _message_failed,
}
