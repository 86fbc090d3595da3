"""What the desk does by itself when it reads other services' events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.message import Message
from motcua.events.v1.envelope_pb2 import DossierEvent

from kernel.eventsourcing.service_model import About, Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.application.child_dossiers import open_child
from services.intake.application.handlers import DossierHandlers
from services.intake.domain.decider import delivered, published


def item_delivered(uow: UnitOfWork, cause: DossierEvent) -> Sequence[Message]:
    """A delivered item closes the dossier."""
    return delivered(uow.state(cause.dossier_code), cause.item_delivered.item_number)


def case_resolved(uow: UnitOfWork, cause: DossierEvent) -> Sequence[Message]:
    """An electronic result is with the citizen at once."""
    return published(uow.state(cause.dossier_code), cause.case_resolved.result_channel)


class Desk:
    """The desk that opens dossiers by itself; the process gives it its office when it starts."""

    office: DossierHandlers | None = None

    def child_requested(self, uow: UnitOfWork, cause: DossierEvent) -> Sequence[About]:
        """A dossier that another agency works on for this one is opened and accepted at once.

        Raise ``LookupError`` for a procedure that is not offered: the parent waits until it is.
        """
        if self.office is None:
            raise LookupError("the desk has no office")
        return open_child(self.office.facts, uow, cause, self.office.clock.now())


def reactions_of(desk: Desk) -> Mapping[str, Reaction]:
    """Return the reactions of a desk, by the payload they react to."""
    return {
        "child_requested": desk.child_requested,
        "item_delivered": item_delivered,
        "case_resolved": case_resolved,
    }
