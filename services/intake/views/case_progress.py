"""Read model of a dossier's progress at routing and postal; ``dossier`` has the desk's part.

What the citizen is shown of it is kept as the event itself, a milestone.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
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


def _change(uow: UnitOfWork, event: Event, **values: Any) -> None:
    uow.change(DOSSIERS, event.stream_id, **values)


# -- routing --------------------------------------------------------------------------------------


def case_opened(uow: UnitOfWork, event: Event, payload: CaseOpened) -> None:
    """Note that the departments have it."""
    due = instant_in(payload, "due_at")
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    access_index.unit_takes_part(uow, event.stream_id, payload.current.unit)


def supplement_requested(uow: UnitOfWork, event: Event, payload: SupplementRequested) -> None:
    """Note which papers are asked for."""
    _change(
        uow,
        event,
        case_phase=CasePhase.SUSPENDED.value,
        round=payload.round,
        requested_parts=parts_json(payload.parts),
        round_answer_due_at=instant_in(payload, "answer_due_at"),
    )
    _milestone(uow, event)


def case_resumed(uow: UnitOfWork, event: Event, payload: CaseResumed) -> None:
    """Note that the clock goes on, with the promised date as it is now."""
    due = instant_in(payload, "due_at")
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    _milestone(uow, event)


def case_suspended(uow: UnitOfWork, event: Event, payload: CaseSuspended) -> None:
    """Note that money is asked for, or that somebody else is waited for."""
    paying = payload.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL
    phase = CasePhase.PAYING if paying else CasePhase.STOPPED
    _change(uow, event, case_phase=phase.value)
    _milestone(uow, event)


def deadline_extended(uow: UnitOfWork, event: Event, payload: DeadlineExtended) -> None:
    """Note the promised date as it is now."""
    _change(uow, event, case_due_at=instant_in(payload, "due_at"))
    _milestone(uow, event)


def deadline_recalculated(uow: UnitOfWork, event: Event, payload: DeadlineRecalculated) -> None:
    """Note the promised date, or the citizen's time, as it is after a change of the calendar."""
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        _change(uow, event, case_due_at=to_us(payload.due_at))
        _milestone(uow, event)
    elif payload.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        _change(uow, event, round_answer_due_at=to_us(payload.due_at))
        _milestone(uow, event)


def supplement_expired(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Keep for the citizen that the time to hand in papers is over; they are still taken."""
    _milestone(uow, event)


def case_closed(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the case was returned without result."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.CLOSED.value, case_ended_at=at)
    _milestone(uow, event)


def case_resolved(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the result is there."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.RESOLVED.value, case_ended_at=at)
    _milestone(uow, event)


def case_withdrawn(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the departments let it go."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.WITHDRAWN.value, case_ended_at=at)
    _milestone(uow, event)


def withdrawal_declined(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Count the departments' no."""
    row = uow.get(DOSSIERS, event.stream_id)
    _change(uow, event, declined=((row["declined"] if row else 0) or 0) + 1)
    _milestone(uow, event)


# -- postal ---------------------------------------------------------------------------------------


def job_created(uow: UnitOfWork, event: Event, payload: PostalJobCreated) -> None:
    """Note that the result waits for a partner; there may be none."""
    phase = ItemPhase.OFFERED if payload.partner_id else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def job_reoffered(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that a partner is asked again."""
    _change(uow, event, item_phase=ItemPhase.OFFERED.value)


def job_taken(uow: UnitOfWork, event: Event, payload: PostalJobTaken) -> None:
    """Note that a partner carries the result."""
    number = payload.item_number
    _change(uow, event, item_phase=ItemPhase.TAKEN.value, item_number=number)
    _milestone(uow, event)


def job_refused(uow: UnitOfWork, event: Event, payload: PostalJobRefused) -> None:
    """Note that a partner does not want it; nobody may be left."""
    left = payload.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)
    if not left:
        _milestone(uow, event)


def lease_expired(uow: UnitOfWork, event: Event, payload: PostalLeaseExpired) -> None:
    """Note that the partner kept silent."""
    left = payload.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def item_delivered(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note the delivery."""
    _change(uow, event, item_phase=ItemPhase.DELIVERED.value)
    _milestone(uow, event)


def item_returned(uow: UnitOfWork, event: Event, _payload: Message) -> None:
    """Note that the item came back; the result waits at the counter."""
    _change(uow, event, item_phase=ItemPhase.RETURNED.value)
    _milestone(uow, event)


def _milestone(uow: UnitOfWork, event: Event) -> None:
    uow.add(
        MILESTONES,
        {
            "dossier_code": event.stream_id,
            "source": event.source,
            "sequence": event.sequence,
            "body": event.SerializeToString(deterministic=True),
        },
    )


PROJECTIONS: Final[dict[type[Message], Projection]] = {
    CaseOpened: case_opened,
    SupplementRequested: supplement_requested,
    CaseSuspended: case_suspended,
    CaseResumed: case_resumed,
    DeadlineExtended: deadline_extended,
    DeadlineRecalculated: deadline_recalculated,
    SupplementExpired: supplement_expired,
    CaseClosed: case_closed,
    CaseResolved: case_resolved,
    CaseWithdrawn: case_withdrawn,
    WithdrawalDeclined: withdrawal_declined,
    PostalJobCreated: job_created,
    PostalJobReoffered: job_reoffered,
    PostalJobTaken: job_taken,
    PostalJobRefused: job_refused,
    PostalLeaseExpired: lease_expired,
    ItemDelivered: item_delivered,
    ItemReturned: item_returned,
}
