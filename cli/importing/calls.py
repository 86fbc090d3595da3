"""The calls by which one dossier is imported: the services' own commands, idempotent.

Each has an identity that never changes, made from the source, the case and what the call holds of
it: the same import run again, or a later export that holds the same rows, acts on nothing twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import grpc
from motcua.events.v1.common_pb2 import Channel
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.routing_pb2_grpc import (
    CaseAdministrationServiceStub,
    CaseServiceStub,
    WorkListServiceStub,
)
from motcua.routing.v1.types_pb2 import CaseResult

from cli.grpc_clients import signed
from cli.importing.history import ImportedHistory, ImportedStep
from cli.importing.mapping import Mapping
from kernel.base.instants import instant_in, isoformat, to_timestamp
from kernel.rpc.client import explain

NAMESPACE = uuid.UUID("6d6f7463-7561-5000-8000-696d706f7274")
TIMEOUT = 30.0
PATIENCE = 60.0
"""Seconds for which a call is tried again while a service is away or has yet to hear of the
dossier.
"""
_CHANNELS = {
    "online": Channel.CHANNEL_ONLINE,
    "counter": Channel.CHANNEL_COUNTER,
    "post": Channel.CHANNEL_POST,
    "email": Channel.CHANNEL_EMAIL,
    "internal": Channel.CHANNEL_INTERNAL,
}
_CHANNEL_NAMES = {channel: name for name, channel in _CHANNELS.items()}
_LATER = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
_DIFFERENT = "was brought in before with other values"
_TAKEN = f"{_DIFFERENT}, or another dossier has its external code"


class CallRefused(Exception):
    """A service refused a call for good; the text says why."""


class ServiceAway(Exception):
    """A service did not answer, or did not catch up, for a long time."""


class Calls:
    """Imports dossiers through intake and routing."""

    def __init__(self, mapping: Mapping, intake_channel: Any, routing_channel: Any) -> None:
        self._mapping = mapping
        self._intake: Any = IntakeServiceStub(intake_channel)
        self._work_list: Any = WorkListServiceStub(routing_channel)
        self._cases: Any = CaseServiceStub(routing_channel)
        self._administration: Any = CaseAdministrationServiceStub(routing_channel)
        self._metadata = signed("importer", "motcua-import")

    async def open(self, case: ImportedHistory) -> None:
        """Hand in and accept the dossier; raise ``CallRefused``, which names the facts that are
        different from those of a dossier that is there.
        """
        try:
            await self._submit(case)
            await self._accept(case)
        except _Repeated as error:
            raise CallRefused(f"{error}{await self._differences(case)}") from None

    async def _submit(self, case: ImportedHistory) -> None:
        await self._call(
            self._intake.SubmitDossier,
            intake.SubmitDossierRequest(
                request_id=self._identity(case, "submit"),
                procedure_code=case.procedure,
                channel=_CHANNELS[case.channel],
                foreign_code=case.code,
                external_code=case.external_code,
                imported_from=self._mapping.source.name,
                occurred_at=to_timestamp(case.started_at),
                time_zone=self._mapping.source.time_zone,
                unit=case.unit,
                field=self._mapping.procedure.field if self._mapping.procedure else "",
            ),
        )

    async def _accept(self, case: ImportedHistory) -> None:
        accept = intake.AcceptDossierRequest(
            request_id=self._identity(case, "accept"),
            dossier_code=case.code,
            occurred_at=to_timestamp(case.started_at),
            due_at=to_timestamp(case.due_at),
        )
        await self._call(self._intake.AcceptDossier, accept)

    async def _differences(self, case: ImportedHistory) -> str:
        """Return which facts of a dossier are others than those that are there."""
        request = intake.GetDossierRequest(dossier_code=case.code)
        try:
            answer: intake.GetDossierResponse = await self._call(self._intake.GetDossier, request)
        except CallRefused:
            return ""
        there, source = answer.dossier, self._mapping.source.name
        shown = partial(_shown, self._mapping.source.time_zone)
        numbers = [number.code for number in answer.external_codes if number.system == source]
        facts = (
            ("source", there.imported_from, source),
            ("procedure", there.procedure_code, case.procedure),
            ("channel", _CHANNEL_NAMES.get(there.channel, ""), case.channel),
            ("unit", there.unit, case.unit),
            ("started", shown(instant_in(there, "submitted_at")), shown(case.started_at)),
            ("due", shown(instant_in(there, "due_at")), shown(case.due_at)),
            ("external_code", ", ".join(numbers), case.external_code),
        )
        found = [f"{fact} was {old!r}, here {new!r}" for fact, old, new in facts if old != new]
        return ": " + "; ".join(found) if found else ""

    async def record(self, case: ImportedHistory, step: ImportedStep) -> None:
        """Record one activity; raise ``CallRefused``."""
        what = (step.at, step.activity, step.unit, step.performer, step.twin)
        request = routing.RecordStepRequest(
            request_id=self._identity(case, "step", *what),
            dossier_code=case.code,
            activity=step.activity,
            unit=step.unit,
            performer=step.performer,
            source_row=str(step.row),
            occurred_at=to_timestamp(step.at),
        )
        try:
            await self._call(self._administration.RecordStep, request, may_be_unknown=True)
        except _Repeated:
            pass  # the identity holds all but the row's number: the step has come in another file

    async def resolve(self, case: ImportedHistory) -> None:
        """End the case as the other system did; raise ``CallRefused``."""
        if case.ended_at is None:
            return
        granted = (
            CaseResult.CASE_RESULT_GRANTED if case.granted else CaseResult.CASE_RESULT_REJECTED
        )
        request = routing.ResolveCaseRequest(
            request_id=self._identity(case, "resolve"),
            dossier_code=case.code,
            result=granted,
            explanation=f"imported from {self._mapping.source.name}",
            occurred_at=to_timestamp(case.ended_at),
        )
        await self._call(self._cases.ResolveCase, request, may_be_unknown=True)

    async def complete(self, case: ImportedHistory) -> None:
        """Declare the history complete; raise ``CallRefused``."""
        request = routing.CompleteImportRequest(
            request_id=self._identity(case, "complete"), dossier_code=case.code
        )
        await self._call(self._administration.CompleteImport, request, may_be_unknown=True)

    async def is_complete(self, case: ImportedHistory) -> bool:
        """Ask whether the dossier is there with a complete history."""
        try:
            answer = await self._call(
                self._work_list.GetCase, routing.GetCaseRequest(dossier_code=case.code)
            )
        except CallRefused:
            return False
        return bool(answer.case.history_complete)

    def _identity(self, case: ImportedHistory, *what: object) -> str:
        parts = "|".join(map(str, (self._mapping.source.name, case.code, *what)))
        return str(uuid.uuid5(NAMESPACE, parts))

    async def _call(
        self, method: Callable[..., Awaitable[Any]], request: Any, *, may_be_unknown: bool = False
    ) -> Any:
        """Call until there is an answer.

        ``may_be_unknown``: the service may not yet have read the dossier's events.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        wait = 0.02
        while True:
            try:
                return await method(request, timeout=TIMEOUT, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                if error.code() == grpc.StatusCode.ALREADY_EXISTS:
                    taken = bool(getattr(request, "external_code", ""))
                    raise _Repeated(_TAKEN if taken else _DIFFERENT) from None
                later = error.code() in _LATER or (may_be_unknown and _is_unknown_yet(error))
                if not later:
                    raise CallRefused(_reason(error)) from None
                if loop.time() > end:
                    raise ServiceAway(_reason(error)) from None
            await asyncio.sleep(wait)
            wait = min(wait * 2, 1.0)


def _shown(zone: str, at: int | None) -> str:
    return "" if at is None else isoformat(at, zone)


class _Repeated(CallRefused):
    """The identity was used before, for something else."""


def _is_unknown_yet(error: grpc.aio.AioRpcError) -> bool:
    return error.code() == grpc.StatusCode.NOT_FOUND or explain(error).reason == "CASE_NOT_OPEN"


def _reason(error: grpc.aio.AioRpcError) -> str:
    problem = explain(error)
    fields = "; ".join(f"{name}: {text}" for name, text in problem.fields.items())
    return " ".join(filter(None, (problem.code.name, problem.reason, fields or problem.text)))
