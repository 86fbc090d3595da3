"""Opens child dossiers: those of other agencies that a case asks for (liên thông)."""

from __future__ import annotations

from collections.abc import Sequence

from motcua.events.v1.common_pb2 import Channel, ResultChannel
from motcua.intake.v1 import intake_pb2 as pb
from motcua.routing.v1.collaboration_events_pb2 import ChildRequested

from kernel.base.errors import Refusal
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import About
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.application.decision_context import ContextLoader
from services.intake.domain import decider
from services.intake.domain.state import Phase, State
from services.intake.domain.use_cases import submit
from services.intake.domain.use_cases.submit import SubmissionContext


def open_child(
    context: ContextLoader, uow: UnitOfWork, parent: str, asked: ChildRequested, now: int
) -> Sequence[About]:
    """Open and accept the dossier that another agency is to work on for ``parent``.

    It has a code and a clock of its own, no applicant (the parent's is the one), owes nothing,
    and its result goes back within the administration. Raise ``LookupError`` for an unknown
    procedure, and for one of a unit that is no more.
    """
    offer = context.offer(asked.procedure_code, "", now)
    if offer.procedure is None:
        raise LookupError(f"procedure {asked.procedure_code} is not offered")
    if not offer.takes:
        raise LookupError(f"nobody takes procedure {asked.procedure_code}: {offer.unit} is no more")
    request = pb.SubmitDossierRequest(
        procedure_code=asked.procedure_code,
        channel=Channel.CHANNEL_INTERNAL,
        result_channel=ResultChannel.RESULT_CHANNEL_ONLINE,
    )
    unit = offer.unit
    code = context.next_code(uow, request, unit, now)
    intake = SubmissionContext(offer.procedure, None, None, context.catalogue.units.get(unit))
    (submitted,) = submit.submit(request, intake)
    submitted.parent_code = parent
    submitted.parent_number = asked.number
    submitted.ClearField("fees")  # between agencies nothing is paid
    state = State(
        phase=Phase.SUBMITTED,
        procedure_code=asked.procedure_code,
        procedure_version=offer.procedure.version,
        channel=request.channel,
        result_channel=request.result_channel,
    )
    call = Call(uow.system_actor(), "vi", "", now, now, "", "")
    terms = context.terms(state, unit, pb.AcceptDossierRequest(dossier_code=code), call)
    accepted = decider.accept(state, terms)
    assert not isinstance(accepted, Refusal), "a new dossier is accepted"
    return [About(code, payload, now) for payload in (submitted, *accepted)]
