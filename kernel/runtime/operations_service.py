"""The operations service of every process: its status, and its quarantined records."""

from __future__ import annotations

from typing import Protocol

from motcua.operations.v1 import operations_pb2 as pb
from motcua.operations.v1.operations_pb2_grpc import (
    OperationsServiceServicer,
    add_OperationsServiceServicer_to_server,
)
from sqlalchemy import Connection

from kernel.base.errors import Invalid, NotFound, Violation
from kernel.base.instants import to_timestamp
from kernel.commands.command_bus import Commands, Context, Reads
from kernel.consumer.consumer import ConsumerStatus
from kernel.consumer.quarantine import PAGE, Quarantine, QuarantinedRecord
from kernel.eventsourcing.command_context import Call
from kernel.messages.texts import TEXTS
from kernel.outbox.outbox import OutboxStatus
from kernel.rpc.registration import Service
from kernel.telemetry.logs import get_logger

NAME = "motcua.operations.v1.OperationsService"
log = get_logger(__name__)


class ConsumerOperations(Protocol):
    """The part of a consumer that operators use."""

    @property
    def quarantine(self) -> Quarantine:
        """Return the quarantined records."""
        ...

    def status(self) -> ConsumerStatus:
        """Return the status; never blocks."""
        ...


class RelayOperations(Protocol):
    """The part of a relay that operators use."""

    def status(self) -> OutboxStatus:
        """Return what waits to be published; reads the database."""
        ...

    def release(self, stream_id: str = "") -> int:
        """Have events that the broker refused sent again; return how many."""
        ...


class OperationsServicer(OperationsServiceServicer):
    """Answers operators from the service's own database and consumer."""

    def __init__(
        self,
        service: str,
        commands: Commands,
        reads: Reads,
        consumer: ConsumerOperations,
        relay: RelayOperations | None = None,
    ) -> None:
        """``relay`` is None in a service that publishes nothing."""
        self._service = service
        self._commands = commands
        self._reads = reads
        self._consumer = consumer
        self._relay = relay

    async def GetStatus(  # noqa: N802 - gRPC's name
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        """Return the status of the service."""
        status = self._consumer.status()
        outbox, quarantined = await self._reads.run(self._backlog)
        return pb.GetStatusResponse(
            service=self._service,
            ready=status.ready,
            lag=status.lag,
            outbox=outbox.size,
            outbox_age_seconds=outbox.age_seconds,
            outbox_quarantined=outbox.quarantined,
            quarantined=quarantined,
            halted=status.halted,
            halt_reason=None if status.halt is None else f"HALT_REASON_{status.halt.reason}",
            repeats=status.repeats,
            unknown=status.unknown,
            handled=status.handled,
        )

    async def ListQuarantined(  # noqa: N802
        self, request: pb.ListQuarantinedRequest, context: Context
    ) -> pb.ListQuarantinedResponse:
        """Return quarantined records, oldest first."""
        limit = request.page_size or PAGE
        rows = await self._reads.run(
            lambda _connection: self._consumer.quarantine.list(request.stream_id, limit)
        )
        return pb.ListQuarantinedResponse(records=[_record(row) for row in rows])

    async def GetQuarantined(  # noqa: N802
        self, request: pb.GetQuarantinedRequest, context: Context
    ) -> pb.GetQuarantinedResponse:
        """Return one record with its original bytes; NOT_FOUND when it is not in quarantine."""
        row = await self._reads.run(
            lambda _connection: self._consumer.quarantine.get(request.partition, request.offset)
        )
        if row is None:
            raise NotFound(*TEXTS.both("quarantine.none"))
        return pb.GetQuarantinedResponse(
            record=_record(row),
            key=row.key or b"",
            value=row.value or b"",
            headers={name: value or b"" for name, value in row.headers},
        )

    async def Redrive(  # noqa: N802
        self, request: pb.RedriveRequest, context: Context
    ) -> pb.RedriveResponse:
        """Handle quarantined records again, in order."""
        if request.stream_id and (request.partition or request.offset):
            raise Invalid([_EITHER])

        def redrive(call: Call) -> pb.RedriveResponse:
            done = self._consumer.quarantine.redrive(
                request.stream_id,
                request.partition,
                request.offset,
                discard=call if request.discard_first else None,
            )
            log.info(
                "quarantine.redriven",
                operator=call.actor.id,
                stream=request.stream_id,
                discarded=request.discard_first,
                handled=done.handled,
                quarantined=done.quarantined,
            )
            return pb.RedriveResponse(handled=done.handled, quarantined=done.quarantined)

        return await self._commands.run_in_thread(request, context, redrive)

    async def Republish(  # noqa: N802
        self, request: pb.RepublishRequest, context: Context
    ) -> pb.RepublishResponse:
        """Have events that the broker refused sent again."""

        def republish(call: Call) -> pb.RepublishResponse:
            released = 0 if self._relay is None else self._relay.release(request.stream_id)
            log.info(
                "outbox.released",
                operator=call.actor.id,
                stream=request.stream_id,
                released=released,
            )
            return pb.RepublishResponse(released=released)

        return await self._commands.run_in_thread(request, context, republish)

    def _backlog(self, _connection: Connection) -> tuple[OutboxStatus, int]:
        nothing = OutboxStatus(0, 0.0, 0)
        outbox = nothing if self._relay is None else self._relay.status()
        return outbox, self._consumer.quarantine.count()


def service(
    name: str,
    commands: Commands,
    reads: Reads,
    consumer: ConsumerOperations,
    relay: RelayOperations | None = None,
) -> Service:
    """Return the operators' service of the service called ``name``."""
    return Service(
        add_OperationsServiceServicer_to_server,
        OperationsServicer(name, commands, reads, consumer, relay),
        NAME,
    )


def _record(row: QuarantinedRecord) -> pb.QuarantinedRecord:
    return pb.QuarantinedRecord(
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        stream_id=row.stream_id,
        stream_kind=row.stream_kind,
        reason=row.reason,
        error=row.error,
        first_seen_at=to_timestamp(row.first_seen_at),
        attempts=row.attempts,
    )


_EITHER = Violation("stream_id", "redrive.either", TEXTS.text("redrive.either"))
