"""Reactions (process manager) of the desk to events of routing and postal.

A reaction reads another service's event and returns events of intake's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1.job_events_pb2 import ItemDelivered
from motcua.routing.v1.case_events_pb2 import CaseResolved
from motcua.routing.v1.collaboration_events_pb2 import ChildRequested

from kernel.eventsourcing.service_model import About, Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.application.child_dossiers import open_child
from services.intake.application.handlers import DossierHandlers
from services.intake.domain.decider import delivered, published


def item_delivered(uow: UnitOfWork, cause: Event, payload: ItemDelivered) -> Sequence[Message]:
    """Close the dossier of an item that is delivered."""
    return delivered(uow.state(cause.stream_id), payload.item_number)


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
