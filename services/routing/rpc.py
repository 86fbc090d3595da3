"""RoutingService over gRPC: translates."""
# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.routing_pb2_grpc import (
    RoutingServiceServicer,
    add_RoutingServiceServicer_to_server,
)

from kernel.auth.identity import caller
from kernel.base.clock import Clock
from kernel.commands.command_bus import Commands, Reads
from kernel.eventsourcing.service_model import Model
from kernel.rpc.registration import Service
from services.routing.application.handlers import CaseHandlers
from services.routing.application.recalculation_batches import Recalculate
from services.routing.queries import case, consultations, work_lists

Context = grpc.aio.ServicerContext[object, object]


def _command(name: str) -> Callable[..., Awaitable[Any]]:
    """Make the method of a command: the office's act of this name, carried out once."""

    async def method(self: RoutingServicer, request: Any, context: Context) -> Any:
        act = getattr(self._office, name)
        return await self._commands.run(request, context, act, act.again)

    return method


class RoutingServicer(RoutingServiceServicer):
    """Serves officers and importers."""

    AssignStep = _command("assign")
    CompleteStep = _command("complete")
    SendBack = _command("send_back")
    RequestSupplement = _command("request_supplement")
    RequestPayment = _command("request_payment")
    ConfirmPayment = _command("confirm_payment")
    SuspendCase = _command("stop")
    ResumeCase = _command("resume")
    ExtendDeadline = _command("extend")
    CloseCase = _command("close")
    ResolveCase = _command("resolve")
    OpenStep = _command("open_step")
    PullBack = _command("pull_back")
    MoveCase = _command("move_case")
    SetParticipant = _command("set_participant")
    DelegateWork = _command("delegate")
    EndAbsence = _command("end_absence")
    RequestConsultation = _command("request_consultation")
    AnswerConsultation = _command("answer_consultation")
    CancelConsultation = _command("cancel_consultation")
    DraftDocument = _command("draft_document")
    ReviewDocument = _command("review_document")
    CorrectCase = _command("correct")
    AnswerWithdrawal = _command("answer_withdrawal")
    RecordStep = _command("record")
    CompleteImport = _command("complete_import")

    def __init__(
        self, commands: Commands, reads: Reads, clock: Clock, office: CaseHandlers, model: Model
    ) -> None:
        self._commands = commands
        self._model = model
        self._recalculate = Recalculate(office)
        self._reads = reads
        self._clock = clock
        self._office = office

    async def ListProcesses(
        self, request: pb.ListProcessesRequest, context: Context
    ) -> pb.ListProcessesResponse:
        """List the processes."""
        return case.list_processes(self._office.processes, caller().language)

    async def ListWork(self, request: pb.ListWorkRequest, context: Context) -> pb.ListWorkResponse:
        """List work by due date."""
        now = self._clock.now()
        sight = self._office.sight(caller(), now)
        return await self._reads.run(lambda on: work_lists.list_work(on, request, now, sight))

    async def GetCase(self, request: pb.GetCaseRequest, context: Context) -> pb.GetCaseResponse:
        """Show a case."""
        processes, now, language = self._office.processes, self._clock.now(), caller().language
        sight = self._office.sight(caller(), now)
        return await self._reads.run(
            lambda on: case.get_case(on, request, processes, now, language, sight)
        )

    async def ListConsultations(
        self, request: pb.ListConsultationsRequest, context: Context
    ) -> pb.ListConsultationsResponse:
        """List what units were asked."""
        now = self._clock.now()
        sight = self._office.sight(caller(), now)
        return await self._reads.run(lambda on: consultations.list_all(on, request, now, sight))

    async def PreviewRecalculation(
        self, request: pb.PreviewRecalculationRequest, context: Context
    ) -> pb.PreviewRecalculationResponse:
        """Return which due dates the calendars in force would move."""
        act, model, now = self._recalculate, self._model, self._clock.now()
        return await self._reads.run(lambda on: act.preview(on, model, request, now))

    async def RecalculateDeadlines(
        self, request: pb.RecalculateDeadlinesRequest, context: Context
    ) -> pb.RecalculateDeadlinesResponse:
        """Lay due dates anew."""
        act = self._recalculate
        return await self._commands.run(request, context, act, act.again)


def service(servicer: RoutingServicer) -> Service:
    """Offer the service."""
    return Service(
        add_RoutingServiceServicer_to_server,
        servicer,
        "motcua.routing.v1.RoutingService",
    )
