"""The table of postal's commands: one row each, from which their RPC methods are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb

from kernel.commands.command_methods import Handlers
from kernel.commands.command_table import rows_by_message
from kernel.commands.handler import FunctionHandler
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.postal.application import answers
from services.postal.application.handlers import JobHandlers

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class JobCommandSpec(Generic[M]):
    """One command; its RPC is the one whose request is ``message``."""

    message: type[M]
    act: Callable[[JobHandlers, UnitOfWork, M, Call], Sequence[Event]]
    answer: Callable[[UnitOfWork, M, Call, Sequence[Event]], Message]
    """Makes the answer, the first time and each time the request is repeated."""


JOB_COMMANDS: Final[Mapping[type[Message], JobCommandSpec[Any]]] = rows_by_message(
    JobCommandSpec(pb.ReofferJobRequest, JobHandlers.reoffer, answers.reoffered),
    JobCommandSpec(pb.CancelJobRequest, JobHandlers.cancel, answers.changed),
    JobCommandSpec(pb.RecallItemRequest, JobHandlers.recall, answers.changed),
    JobCommandSpec(pb.ChangeAddressRequest, JobHandlers.change_address, answers.changed),
    JobCommandSpec(
        partner_pb.AnswerChangeRequest, JobHandlers.answer_change, answers.change_answered
    ),
    JobCommandSpec(partner_pb.TakeJobRequest, JobHandlers.take, answers.taken),
    JobCommandSpec(partner_pb.RefuseJobRequest, JobHandlers.refuse, answers.refused),
    JobCommandSpec(partner_pb.ReportTrackingRequest, JobHandlers.tracked, answers.tracked),
    JobCommandSpec(partner_pb.ReportDeliveredRequest, JobHandlers.delivered, answers.delivered),
    JobCommandSpec(partner_pb.ReportReturnedRequest, JobHandlers.returned, answers.returned),
)


def handlers_of(office: JobHandlers) -> Handlers:
    """Return the handler of each command of the table."""
    return {
        message: FunctionHandler(partial(spec.act, office), spec.answer)
        for message, spec in JOB_COMMANDS.items()
    }
