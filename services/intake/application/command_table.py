"""The table of intake's commands: one row each, from which their RPC methods are made.

``SubmitDossier`` is no row: its answer has the PIN, which is stored nowhere in clear, so that it
has a method of its own in ``rpc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as pb

from kernel.base.errors import Violation
from kernel.commands.command_methods import Handlers
from kernel.commands.command_table import methods_of, rows_by_message
from kernel.commands.handler import FunctionHandler, from_events
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.registration import Check
from services.intake.application.handlers import DossierHandlers as Office
from services.intake.queries import responses

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class DeskCommandSpec(Generic[M]):
    """One command; its RPC is the one whose request is ``message``."""

    message: type[M]
    act: Callable[[Office, UnitOfWork, M, Call], Sequence[Event]]
    answer: Callable[[Sequence[Event]], Message]
    """Makes the answer from the events, the first time and each time the request is repeated."""
    check: Callable[[Office, M, Actor], Iterable[Violation]] = Office.check_instants
    """Finds what is wrong with a request beyond the rules in its .proto."""

    @property
    def needs_pin(self) -> bool:
        """A citizen has to show the dossier's PIN: where the request has a field for it."""
        return "pin" in self.message.DESCRIPTOR.fields_by_name


DESK_COMMANDS: Final[Mapping[type[Message], DeskCommandSpec[Any]]] = rows_by_message(
    DeskCommandSpec(pb.AcceptDossierRequest, Office.accept, responses.accepted),
    DeskCommandSpec(pb.RefuseDossierRequest, Office.refuse, responses.refused),
    DeskCommandSpec(pb.SubmitSupplementRequest, Office.supplement, responses.supplemented),
    DeskCommandSpec(pb.RequestWithdrawalRequest, Office.withdraw, responses.withdrawn),
    DeskCommandSpec(pb.ReturnResultRequest, Office.hand_over, responses.returned),
    DeskCommandSpec(pb.RecordFeeRequest, Office.record_fee, responses.paid, Office.check_fee),
    DeskCommandSpec(pb.CancelFeeRequest, Office.cancel_fee, responses.unpaid),
    DeskCommandSpec(pb.RecordExternalCodeRequest, Office.record_external_code, responses.numbered),
)


def handlers_of(office: Office) -> Handlers:
    """Return the handler of each command of the table."""
    return {
        message: FunctionHandler(partial(spec.act, office), from_events(spec.answer))
        for message, spec in DESK_COMMANDS.items()
    }


def checks_of(service: ServiceDescriptor, office: Office) -> dict[str, Check]:
    """Return the checks of the table's requests, by the names of their methods."""
    return {
        name: partial(DESK_COMMANDS[message].check, office)
        for name, message in methods_of(service, DESK_COMMANDS).items()
    }
