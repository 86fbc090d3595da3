"""A case is opened when the desk has accepted the dossier."""

from __future__ import annotations

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted
from motcua.routing.v1.case_events_pb2 import CaseOpened

from kernel.base.instants import instant_in, to_timestamp
from services.routing.domain.context import DecisionContext, enter, limit, of_dossier, set_limit
from services.routing.domain.state import CaseStatus, State
from services.routing.domain.use_cases.collaboration.consult import beside


def open_case(state: State, accepted: DossierAccepted, context: DecisionContext) -> list[Message]:
    """Open a case at the first step; its clock runs from the acceptance (``context.at``)."""
    if state.status is not CaseStatus.NONE:
        return []
    opened = CaseOpened(
        process=context.process.name,
        process_version=context.process.version,
        current=enter(context.process.first, context, context.at),
        imported=context.imported,
    )
    due_at = instant_in(accepted, "due_at")
    if due_at is not None:
        set_limit(opened, limit(context, of_dossier(context), context.at, due_at))
        opened.started_at.CopyFrom(to_timestamp(context.at))
        if not context.imported:
            opened.time_limit = accepted.time_limit
            opened.calendar_version = accepted.calendar_version
            opened.same_day = accepted.same_day
    circumstances = context.circumstances(state.work, 0)
    return [opened, *beside(state, context.process.first, context, circumstances)]
