"""Reactions (process manager) of the desk to events of routing and postal.

A reaction reads another service's event and returns events of intake's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.intake_pb2 import RecordFeeRequest
from motcua.postal.v1.job_events_pb2 import ItemDelivered
from motcua.routing.v1.case_events_pb2 import CaseResolved
from motcua.routing.v1.collaboration_events_pb2 import ChildRequested

from kernel.base.errors import Refusal
from kernel.eventsourcing.service_model import About, Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.application.child_dossiers import open_child
from services.intake.application.handlers import DossierHandlers
from services.intake.domain import fees
from services.intake.domain.decider import delivered, published
from services.intake.domain.state import State
from services.intake.tables import DOSSIERS, RECEIPTS

BY_POST: Final = "post"
"""The method of a payment that a postal partner took."""


def item_delivered(uow: UnitOfWork, cause: Event, payload: ItemDelivered) -> Sequence[Message]:
    """Record the money that the post collected, and close the dossier of an item that is
    delivered.
    """
    state = uow.state(cause.stream_id)
    return [*_collected(uow, state, cause, payload), *delivered(state, payload.item_number)]


def _collected(
    uow: UnitOfWork, state: State, cause: Event, payload: ItemDelivered
) -> Sequence[Message]:
    """Return the payment that the post took; nothing for money that the desk has recorded already,
    or a receipt that was used: postal keeps what was collected, to be settled with the partner.
    """
    if not payload.HasField("collected"):
        return []
    unit = (uow.get(DOSSIERS, cause.stream_id) or {}).get("unit") or ""
    receipts = filter(None, (payload.phi_receipt, payload.le_phi_receipt))
    if any(uow.get(RECEIPTS, unit, receipt) is not None for receipt in receipts):
        return []
    payment = RecordFeeRequest(
        phi=payload.collected.phi,
        le_phi=payload.collected.le_phi,
        phi_receipt=payload.phi_receipt,
        le_phi_receipt=payload.le_phi_receipt,
        method=BY_POST,
    )
    outcome = fees.record(state.account, payment, None)
    return [] if isinstance(outcome, Refusal) else outcome


def case_resolved(uow: UnitOfWork, cause: Event, payload: CaseResolved) -> Sequence[Message]:
    """Close a dossier whose result is electronic: the citizen has it at once."""
    return published(uow.state(cause.stream_id), payload.result_channel)


class ChildDossierOpener:
    """Opens child dossiers as a reaction; ``handlers`` is set when the process starts."""

    handlers: DossierHandlers | None = None

    def child_requested(
        self, uow: UnitOfWork, cause: Event, payload: ChildRequested
    ) -> Sequence[About]:
        """Open and accept a dossier that another agency works on for this one.

        Raise ``LookupError`` for a procedure that is not offered: the parent waits until it is.
        """
        if self.handlers is None:
            raise LookupError("there are no handlers yet")
        return open_child(
            self.handlers.context, uow, cause.stream_id, payload, self.handlers.clock.now()
        )


def reactions_of(opener: ChildDossierOpener) -> Mapping[type[Message], Reaction]:
    """Return the reactions, by the payload they react to."""
    return {
        ChildRequested: opener.child_requested,
        ItemDelivered: item_delivered,
        CaseResolved: case_resolved,
    }
