"""Dossiers that measurements hand in at the counter of a running stack, and accept there."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator

import grpc
from motcua.events.v1.common_pb2 import Channel, ResultChannel
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from tests.support.identity import metadata

EVENTS_EACH = 4
"""What one dossier brings: submitted, accepted, the case opened, the message suppressed."""


async def counter_procedure(stub: IntakeServiceStub) -> intake.Procedure:
    """Return a procedure whose result, too, is handed over at the counter; raise LookupError."""
    answer = await stub.ListProcedures(
        intake.ListProceduresRequest(), timeout=10, metadata=metadata("citizen")
    )
    for procedure in answer.procedures:
        at_counter = Channel.CHANNEL_COUNTER in procedure.channels
        if at_counter and ResultChannel.RESULT_CHANNEL_COUNTER in procedure.result_channels:
            found: intake.Procedure = procedure
            return found
    raise LookupError("no procedure is offered at the counter")


def submission(procedure: intake.Procedure) -> intake.SubmitDossierRequest:
    """Return a new complete request to hand in a dossier."""
    return intake.SubmitDossierRequest(
        request_id=str(uuid.uuid4()),
        procedure_code=procedure.code,
        channel=Channel.CHANNEL_COUNTER,
        result_channel=ResultChannel.RESULT_CHANNEL_COUNTER,
        applicant=intake.Applicant(full_name="Nguyễn Văn An"),
        parts=[
            intake.SubmittedPart(code=p.code, copies=p.copies)
            for p in procedure.parts
            if p.required
        ],
    )


async def file_steadily(address: str, dossiers_a_second: float, seconds: float) -> None:
    """Hand in and accept dossiers at a steady rate; raise the first error of any call."""
    async with grpc.aio.insecure_channel(address) as channel, asyncio.TaskGroup() as group:
        stub = IntakeServiceStub(channel)
        procedure = await counter_procedure(stub)
        async for _ in _ticks(1 / dossiers_a_second, seconds):
            group.create_task(_file(stub, procedure))


async def _ticks(each: float, seconds: float) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(int(seconds / each)):
        await asyncio.sleep(max(0.0, begun + number * each - loop.time()))
        yield number


async def _file(stub: IntakeServiceStub, procedure: intake.Procedure) -> None:
    officer = metadata("officer", "bench", unit=procedure.unit, roles=["receptionist"])
    submitted = await stub.SubmitDossier(submission(procedure), timeout=30, metadata=officer)
    await stub.AcceptDossier(
        intake.AcceptDossierRequest(
            request_id=str(uuid.uuid4()), dossier_code=submitted.dossier_code
        ),
        timeout=30,
        metadata=officer,
    )
