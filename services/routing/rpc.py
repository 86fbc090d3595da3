"""Routing's three services over gRPC: translates queries; the methods of commands come from their
table.
"""
# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.routing_pb2_grpc import (
    CaseAdministrationServiceServicer,
    CaseServiceServicer,
    WorkListServiceServicer,
    add_CaseAdministrationServiceServicer_to_server,
    add_CaseServiceServicer_to_server,
    add_WorkListServiceServicer_to_server,
)

from kernel.auth.identity import caller
from kernel.auth.permissions import Permissions
from kernel.base.clock import Clock
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.command_methods import Handlers, add_command_methods
from kernel.commands.command_table import check_contract
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.service_model import Model
from kernel.rpc.registration import Service
from office.normalization.formats import normalizer_of
from office.sealed_text import AnswerOpener
from services.routing.application.decision_context import CaseContextLoader
from services.routing.application.recalculation_batches import Recalculate
from services.routing.domain.command_table import COMMANDS
from services.routing.queries import case, consultations, work_lists

Context = grpc.aio.ServicerContext[object, object]


class WorkListServicer(WorkListServiceServicer):
    """Answers what officers have to do and what was done."""

    def __init__(
        self, reads: Reads, keyring: Keyring, clock: Clock, loader: CaseContextLoader
    ) -> None:
        self._reads = reads
        self._keyring = keyring
        self._clock = clock
        self._loader = loader

    async def ListProcesses(
        self, request: pb.ListProcessesRequest, context: Context
    ) -> pb.ListProcessesResponse:
        """List the processes."""
        return case.list_processes(self._loader.processes, caller().language)

    async def ListWork(self, request: pb.ListWorkRequest, context: Context) -> pb.ListWorkResponse:
        """List work by due date."""
        now = self._clock.now()
        scope = self._loader.access_scope(caller(), now)
        return await self._reads.run(lambda on: work_lists.list_work(on, request, now, scope))

    async def GetCase(self, request: pb.GetCaseRequest, context: Context) -> pb.GetCaseResponse:
        """Show a case."""
        processes, now, language = self._loader.processes, self._clock.now(), caller().language
        scope = self._loader.access_scope(caller(), now)
        return await self._reads.run(
            lambda on: case.get_case(on, request, processes, now, language, scope, self._keyring)
        )

    async def ListConsultations(
        self, request: pb.ListConsultationsRequest, context: Context
    ) -> pb.ListConsultationsResponse:
        """List what units were asked."""
        now = self._clock.now()
        scope = self._loader.access_scope(caller(), now)
        return await self._reads.run(lambda on: consultations.list_all(on, request, now, scope))


class CaseServicer(CaseServiceServicer):
    """Works cases; every RPC is a command."""


class CaseAdministrationServicer(CaseAdministrationServiceServicer):
    """Answers operators who keep due dates right."""

    def __init__(self, reads: Reads, clock: Clock, loader: CaseContextLoader, model: Model) -> None:
        self._reads = reads
        self._clock = clock
        self._loader = loader
        self._model = model

    async def PreviewRecalculation(
        self, request: pb.PreviewRecalculationRequest, context: Context
    ) -> pb.PreviewRecalculationResponse:
        """Return which due dates the calendars in force would move."""
        recalculate, model, now = Recalculate(self._loader), self._model, self._clock.now()
        return await self._reads.run(lambda on: recalculate.preview(on, model, request, now))


SERVICES: Final[Mapping[type, tuple[ServiceDescriptor, Callable[..., None]]]] = {
    servicer: (pb.DESCRIPTOR.services_by_name[name], add)
    for servicer, name, add in (
        (WorkListServicer, "WorkListService", add_WorkListServiceServicer_to_server),
        (CaseServicer, "CaseService", add_CaseServiceServicer_to_server),
        (
            CaseAdministrationServicer,
            "CaseAdministrationService",
            add_CaseAdministrationServiceServicer_to_server,
        ),
    )
}
"""The service of each servicer, and the function that adds it to a server."""


def check(permissions: Permissions) -> None:
    """Raise ``CommandTableError`` naming an RPC without a handler, ``PermissionsError`` naming one
    without a rule.
    """
    servicers = {servicer: service for servicer, (service, _) in SERVICES.items()}
    check_contract(servicers, [spec.message for spec in COMMANDS], permissions)


def services_of(
    reads: Reads,
    keyring: Keyring,
    commands: Commands,
    clock: Clock,
    loader: CaseContextLoader,
    model: Model,
    handlers: Handlers,
) -> list[Service]:
    """Return the services: each servicer's queries, and a method for each of its commands."""
    servicers = (
        WorkListServicer(reads, keyring, clock, loader),
        CaseServicer(),
        CaseAdministrationServicer(reads, clock, loader, model),
    )
    found = []
    for servicer in servicers:
        service, add = SERVICES[type(servicer)]
        add_command_methods(servicer, service, handlers, commands.run)
        found.append(
            Service(
                add,
                servicer,
                service.full_name,
                normalizer_of=normalizer_of,
                open_answer=AnswerOpener(keyring),
            )
        )
    return found
