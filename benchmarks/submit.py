"""SubmitDossier to its durable answer, against the same server with an empty handler and a row."""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import grpc
from motcua.events.v1.common_pb2 import Channel
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import (
    IntakeServiceServicer,
    IntakeServiceStub,
    add_IntakeServiceServicer_to_server,
)
from sqlalchemy import Column, MetaData, String, Table

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.base.clock import RealClock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.rpc.registration import Service
from kernel.rpc.server import RpcServer
from kernel.storage.engines import open_engine
from kernel.telemetry import logs
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue, Procedure
from office.catalogue.responsible_unit import ResponsibleUnits
from office.forms.typesetting import FormTemplates
from office.permissions import shipped
from services.intake.application.decision_context import ContextLoader
from services.intake.application.form_printer import FormPrinter
from services.intake.application.handlers import DossierHandlers
from services.intake.application.pin_access import PinAccess
from services.intake.rpc import IntakeServicer, service
from tests.support.identity import metadata
from tests.support.models import INTAKE as MODEL
from tests.support.office_files import office_calendars

NAME = "SubmitDossier, 64 callers, against an empty handler with one group-committed row"
TARGET = 0.5
_CALLERS = 64
SECONDS = {Size.SMALL: 0.5, Size.USUAL: 4.0, Size.FULL: 4.0}
ROUNDS = {Size.SMALL: 1, Size.USUAL: 3, Size.FULL: 5}
# Not among intake's tables: other code in this process works with them.
_ONE_ROW = Table("one_row", MetaData(), Column("id", String, primary_key=True))


class _Empty(IntakeServiceServicer):
    """Answers when one row is durable, and does nothing else."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def SubmitDossier(  # noqa: N802 - gRPC names the methods
        self, request: pb.SubmitDossierRequest, context: Any
    ) -> pb.SubmitDossierResponse:
        """Put one row and answer."""
        row = {"id": request.request_id}
        await asyncio.wrap_future(self._writer.submit(lambda uow: uow.add(_ONE_ROW, row)))
        return pb.SubmitDossierResponse()


@dataclass(frozen=True)
class _Rate:
    """The result of one round: answers per second, and their delays in milliseconds."""

    per_second: float
    p50: float
    p99: float


def _request(procedure: Procedure) -> pb.SubmitDossierRequest:
    return pb.SubmitDossierRequest(
        procedure_code=procedure.code,
        channel=Channel.CHANNEL_ONLINE,
        result_channel=procedure.result_channels[0],  # type: ignore[arg-type]
        applicant=pb.Applicant(
            full_name="Nguyễn Thị Hoa",
            identity_number="002190000123",
            phone="0912345678",
            email="hoa@example.vn",
            address="Số 5, đường Nguyễn Trãi",
            province="Hà Giang",
        ),
        parts=[pb.SubmittedPart(code=p.code, copies=p.copies) for p in procedure.parts],
        consent_email=True,
    )


async def _load(address: str, template: pb.SubmitDossierRequest, seconds: float) -> _Rate:
    delays: list[float] = []
    who = metadata("citizen")
    async with grpc.aio.insecure_channel(address) as channel:
        call = IntakeServiceStub(channel).SubmitDossier

        async def one(until: float, keep: bool) -> None:
            while (began := time.perf_counter()) < until:
                request = pb.SubmitDossierRequest(request_id=str(uuid.uuid4()))
                request.MergeFrom(template)
                await call(request, timeout=30, metadata=who)
                if keep:
                    delays.append(time.perf_counter() - began)

        await asyncio.gather(*(one(time.perf_counter() + 0.5, keep=False) for _ in range(_CALLERS)))
        start = time.perf_counter()
        await asyncio.gather(*(one(start + seconds, keep=True) for _ in range(_CALLERS)))
        spent = time.perf_counter() - start
    cuts = statistics.quantiles(delays, n=100)
    return _Rate(len(delays) / spent, cuts[49] * 1000, cuts[98] * 1000)


def client(address: str, template: bytes, seconds: float) -> _Rate:
    """Load a server from a process of its own."""
    return asyncio.run(_load(address, pb.SubmitDossierRequest.FromString(template), seconds))


@contextmanager
def _served(servers: Servers, name: str, catalogue: Catalogue) -> Iterator[str]:
    """Serve the desk, or the empty handler, with a database of its own."""
    url = servers.sqlite(name)
    engine = open_engine(url, "intake")
    MODEL.tables.metadata.create_all(engine)
    _ONE_ROW.create(engine)
    keyring = Keyring(open_engine(servers.sqlite("keys"), "keyring"), b"k" * 32)
    writer = Writer(engine, MODEL, keyring)
    reads = Reads(open_engine(url, "intake", read_only=True))
    if name == "desk":
        office = DossierHandlers(ContextLoader(catalogue, office_calendars()), RealClock())
        commands = Commands(writer, office.clock, MODEL.tables)
        pins = PinAccess(writer, reads, keyring)
        forms = FormPrinter(FormTemplates(), None, "", keyring)
        servicer = IntakeServicer(office, commands, reads, pins, keyring, forms)
        offered = service(servicer, office)
    else:
        offered = Service(
            add_IntakeServiceServicer_to_server,
            _Empty(writer),
            "motcua.intake.v1.IntakeService",
        )
    settings = Settings(
        service="intake",
        port=0,
        database_url=url,
        log_level="warning",
        call_rate_address="1000000/second",
    )
    logs.setup(settings)
    server = RpcServer(settings, [offered], shipped())
    writer.start()
    try:
        yield f"127.0.0.1:{server.start()}"
    finally:
        server.drain(1.0)
        writer.stop()
        reads.close()


def measure(servers: Servers, seconds: float, rounds: int) -> tuple[list[_Rate], list[_Rate]]:
    """Load both servers alternately; return the rounds of the desk and of the empty handler."""
    catalogue = shipped_catalogue()
    offered = ResponsibleUnits(catalogue, date.today()).offered()  # noqa: DTZ011 - the server's clock is real, too
    procedure = next(p for p in offered if Channel.CHANNEL_ONLINE in p.channels)
    template = _request(procedure).SerializeToString()
    found: dict[str, list[_Rate]] = {"desk": [], "empty": []}
    with (
        multiprocessing.get_context("spawn").Pool(1) as pool,
        _served(servers, "desk", catalogue) as desk,
        _served(servers, "empty", catalogue) as empty,
    ):
        for _ in range(rounds):
            for name, address in (("empty", empty), ("desk", desk)):
                found[name].append(pool.apply(client, (address, template, seconds)))
    return found["desk"], found["empty"]


def run(size: Size, servers: Servers) -> Figures:
    """Print both sides and their ratio."""
    desk, empty = measure(servers, SECONDS[size], ROUNDS[size])
    figures = {}
    for name, rounds in (("empty handler", empty), ("SubmitDossier", desk)):
        best = max(rounds, key=lambda r: r.per_second)
        every = ", ".join(f"{r.per_second:,.0f}" for r in rounds)
        print(
            f"  {name:<14} {best.per_second:>7,.0f}/s   p50 {best.p50:5.1f} ms   "
            f"p99 {best.p99:5.1f} ms   (rounds: {every})"
        )
        figures[name] = best.per_second
    ratio = statistics.median(d.per_second / e.per_second for d, e in zip(desk, empty, strict=True))
    print(f"  ratio {ratio:.2f} (target {TARGET})")
    if size is not Size.SMALL and ratio < TARGET:
        raise TargetMissed(f"{ratio:.2f} of the empty handler's rate")
    return figures
