"""Notes what the departments and the post did with a dossier; ``views`` has what the desk did.

What the citizen is shown of it is kept as the event itself, a milestone.
"""

from __future__ import annotations

from typing import Any, Final

from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from kernel.base.instants import instant_in, to_us
from kernel.eventsourcing.service_model import Projection
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.domain.state import CasePhase, ItemPhase
from services.intake.tables import DOSSIERS, MILESTONES
from services.intake.views import access_index
from services.intake.views.parts_json import parts_json


def _change(uow: UnitOfWork, event: DossierEvent, **values: Any) -> None:
    uow.change(DOSSIERS, event.dossier_code, **values)


# -- routing --------------------------------------------------------------------------------------


def case_opened(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments have it."""
    it = event.case_opened
    due = instant_in(it, "due_at")
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    access_index.unit_takes_part(uow, event.dossier_code, it.current.unit)


def supplement_requested(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note which papers are asked for."""
    it = event.supplement_requested
    _change(
        uow,
        event,
        case_phase=CasePhase.SUSPENDED.value,
        round=it.round,
        requested_parts=parts_json(it.parts),
        round_answer_due_at=instant_in(it, "answer_due_at"),
    )
    _milestone(uow, event)


def case_resumed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the clock goes on, with the promised date as it is now."""
    it = event.case_resumed
    due = instant_in(it, "due_at")
    _change(uow, event, case_phase=CasePhase.RUNNING.value, case_due_at=due)
    _milestone(uow, event)


def case_suspended(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that money is asked for, or that somebody else is waited for."""
    paying = event.case_suspended.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL
    phase = CasePhase.PAYING if paying else CasePhase.STOPPED
    _change(uow, event, case_phase=phase.value)
    _milestone(uow, event)


def deadline_extended(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the promised date as it is now."""
    it = event.deadline_extended
    _change(uow, event, case_due_at=instant_in(it, "due_at"))
    _milestone(uow, event)


def deadline_recomputed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the promised date, or the citizen's time, as it is after a change of the calendar."""
    it = event.deadline_recomputed
    if it.scope == DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        _change(uow, event, case_due_at=to_us(it.due_at))
        _milestone(uow, event)
    elif it.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        _change(uow, event, round_answer_due_at=to_us(it.due_at))
        _milestone(uow, event)


def supplement_expired(uow: UnitOfWork, event: DossierEvent) -> None:
    """Tell the citizen that the time to hand in papers is over; they are still taken."""
    _milestone(uow, event)


def case_closed(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments gave the dossier back."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.CLOSED.value, case_ended_at=at)
    _milestone(uow, event)


def case_resolved(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the result is there."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.RESOLVED.value, case_ended_at=at)
    _milestone(uow, event)


def case_withdrawn(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the departments let it go."""
    at = to_us(event.occurred_at)
    _change(uow, event, case_phase=CasePhase.WITHDRAWN.value, case_ended_at=at)
    _milestone(uow, event)


def withdrawal_declined(uow: UnitOfWork, event: DossierEvent) -> None:
    """Count the departments' no."""
    row = uow.get(DOSSIERS, event.dossier_code)
    _change(uow, event, declined=((row["declined"] if row else 0) or 0) + 1)
    _milestone(uow, event)


# -- postal ---------------------------------------------------------------------------------------


def job_created(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the result waits for a partner; there may be none."""
    phase = ItemPhase.OFFERED if event.postal_job_created.partner_id else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def job_reoffered(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner is asked again."""
    _change(uow, event, item_phase=ItemPhase.OFFERED.value)


def job_taken(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner carries the result."""
    number = event.postal_job_taken.item_number
    _change(uow, event, item_phase=ItemPhase.TAKEN.value, item_number=number)
    _milestone(uow, event)


def job_refused(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that a partner does not want it; nobody may be left."""
    left = event.postal_job_refused.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)
    if not left:
        _milestone(uow, event)


def lease_expired(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the partner kept silent."""
    left = event.postal_lease_expired.next_partner_id
    phase = ItemPhase.OFFERED if left else ItemPhase.UNWANTED
    _change(uow, event, item_phase=phase.value)


def item_delivered(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note the delivery."""
    _change(uow, event, item_phase=ItemPhase.DELIVERED.value)
    _milestone(uow, event)


def item_returned(uow: UnitOfWork, event: DossierEvent) -> None:
    """Note that the item came back; the result waits at the counter."""
    _change(uow, event, item_phase=ItemPhase.RETURNED.value)
    _milestone(uow, event)


def _milestone(uow: UnitOfWork, event: DossierEvent) -> None:
    uow.add(
        MILESTONES,
        {
            "dossier_code": event.dossier_code,
            "source": event.source,
            "sequence": event.sequence,
            "body": event.SerializeToString(deterministic=True),
        },
    )


PROJECTIONS: Final[dict[str, Projection]] = {
    "case_opened": case_opened,
    "supplement_requested": supplement_requested,
    "case_suspended": case_suspended,
    "case_resumed": case_resumed,
    "deadline_extended": deadline_extended,
    "deadline_recomputed": deadline_recomputed,
    "supplement_expired": supplement_expired,
    "case_closed": case_closed,
    "case_resolved": case_resolved,
    "case_withdrawn": case_withdrawn,
    "withdrawal_declined": withdrawal_declined,
    "postal_job_created": job_created,
    "postal_job_reoffered": job_reoffered,
    "postal_job_taken": job_taken,
    "postal_job_refused": job_refused,
    "postal_lease_expired": lease_expired,
    "item_delivered": item_delivered,
    "item_returned": item_returned,
}
