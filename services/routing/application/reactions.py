"""Reactions of routing: events of intake in, events of cases out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DeskCheckMissed, DossierAccepted

from kernel.base.errors import Refusal
from kernel.base.instants import to_us
from kernel.eventsourcing.service_model import About, Reaction
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.routing.application.child_consequences import (
    above,
    consequences,
    log_withheld,
    orphaned,
)
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.escalation_recipients import desk_missed
from services.routing.domain.command_table import EVENTS
from services.routing.domain.decider import State, decide
from services.routing.tables import CASES


def reactions_of(loader: CaseContextLoader) -> Mapping[type[Message], Reaction]:
    """Return the reactions, by the payload they react to.

    An accepted dossier opens a case; papers let its clock go on; a wish to withdraw waits for an
    officer's answer, or is declined when it comes too late; a check that the desk missed is told to
    those above it. All are counted from when the cause happened. Raise ``UnknownProcess`` when the
    acceptance names a process that is not defined: the dossier waits until it is.
    """

    def react(uow: UnitOfWork, cause: Event, payload: Message) -> Sequence[Message | About]:
        row = uow.get(CASES, cause.stream_id)
        if row is None:
            raise LookupError("the desk's events of this dossier were not read before")
        state: State = uow.state(cause.stream_id)
        wanted = payload.process if isinstance(payload, DossierAccepted) else ""
        process = loader.process_of(state, row, wanted)
        context = loader.context_of(row, process, to_us(cause.occurred_at), uow.system_actor())
        outcome = decide(state, payload, replace(context, above=above(uow, row)))
        assert not isinstance(outcome, Refusal), "events are not refused"
        log_withheld(cause.stream_id, outcome)
        outcome = [*outcome, *orphaned(uow, row, outcome)]
        return [*outcome, *consequences(uow, row, outcome, to_us(cause.occurred_at))]

    def escalate(
        uow: UnitOfWork, cause: Event, payload: DeskCheckMissed
    ) -> Sequence[Message | About]:
        return desk_missed(uow, loader, payload, to_us(cause.occurred_at))

    return {**{spec.message: react for spec in EVENTS}, DeskCheckMissed: escalate}
