"""An event of the tally's own, as a command would write it."""

from __future__ import annotations

from collections.abc import Callable

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1.case_events_pb2 import CaseResumed

from kernel.eventsourcing.unit_of_work import UnitOfWork
from tests.support.feed import START, code_of


def resume(number: int) -> Callable[[UnitOfWork], object]:
    """Append an event of the service's own to the stream of a dossier, as a command does."""
    return lambda uow: uow.append(
        code_of(number),
        [CaseResumed()],
        actor=Actor(kind=ActorKind.ACTOR_KIND_OFFICER),
        occurred_at=START,
        recorded_at=START,
        causation_id=f"request {number}",
        correlation_id="",
    )
