"""A small real service on the kernel: what a test of the gRPC layer calls.

Its contract is compiled at import, because gen/ holds only what users get.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from sqlalchemy import MetaData
from sqlalchemy.exc import OperationalError

from infra.local.ports import free_port
from kernel.auth.identity import caller
from kernel.auth.permissions import Permissions, Role, Rule
from kernel.base.clock import Clock, RealClock
from kernel.base.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    NotFound,
    Refusal,
    Refused,
    Unauthenticated,
    Unavailable,
)
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.handler import FunctionHandler, from_events
from kernel.config.settings import Settings
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.service_model import Model
from kernel.messages.catalogue import FixedText
from kernel.rpc.registration import Service
from kernel.rpc.server import RpcServer
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import kernel_tables
from office.people.rights import ACCESS_MODEL
from tools.protos import generate

_OUT = Path(tempfile.mkdtemp(prefix="motcua-probe-"))
atexit.register(shutil.rmtree, _OUT, ignore_errors=True)
generate(Path(__file__).parent / "protos", _OUT)
sys.path.append(str(_OUT))

from motcuaprobe.v1 import probe_pb2 as pb  # noqa: E402
from motcuaprobe.v1 import probe_pb2_grpc as pb_grpc  # noqa: E402

NAME = "motcuaprobe.v1.ProbeService"
KINDS = ACCESS_MODEL.kinds
ANYONE, GUEST, CITIZEN, OFFICER, PARTNER = (
    Rule(frozenset(kinds))
    for kinds in (
        KINDS.values(),
        [KINDS["guest"]],
        [KINDS["citizen"]],
        [KINDS["officer"]],
        [KINDS["partner"]],
    )
)
ROLES = {"head": Role("head", "Lãnh đạo phòng", "head of a division")}
EVERYBODY = dict.fromkeys(("Write", "WriteAgain", "Fail", "Who", "Watch", "Gather"), ANYONE)


def _failures(name: str) -> dict[str, Exception]:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorname = "SQLITE_FULL"
    return {
        "refused": Refused(Refusal("TOO_LATE", FixedText("đã quá hạn nộp", "it is too late"))),
        "not_found": NotFound("không có hồ sơ này", "there is no such dossier"),
        "exists": AlreadyExists("mã đã dùng", "the code is taken"),
        "conflict": Conflict("có người vừa sửa", "somebody was faster"),
        "unavailable": Unavailable("đang bận", "busy"),
        "disk_full": OperationalError("insert", {"full_name": name}, full),
        "forbidden": Forbidden("không được phép", "not allowed"),
        "no_credential": Unauthenticated("cần chứng thực", "a credential is needed"),
        "bug": RuntimeError(f"no such person: {name}"),
    }


class Probe(pb_grpc.ProbeServiceServicer):  # type: ignore[misc]
    """Counts what begins, so that a test sees work that should not have begun."""

    def __init__(self, commands: Commands, reads: Reads) -> None:
        self.begun = 0
        self.ended_streams = 0
        self._acted: set[str] = set()
        self._commands = commands
        self._reads = reads

    async def Write(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Append one event; after a rebuild, say that it was done."""
        return await self._commands.run(request, context, FunctionHandler(self._act, self._once))

    async def WriteAgain(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Append one event; after a rebuild, answer from it."""
        handler: Any = FunctionHandler(
            self._act,
            from_events(lambda events: pb.WriteAgainResponse(sequence=events[0].sequence)),
        )
        return await self._commands.run(request, context, handler)

    async def Fail(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Raise what is asked for."""
        raise _failures(request.full_name)[request.how]

    async def Who(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return who calls."""
        who = caller()
        return pb.WhoResponse(
            kind=who.actor.kind,
            id=who.actor.id,
            unit=who.actor.unit,
            language=who.language,
            trace=who.trace,
        )

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Count; wait for ever at the end when it is negative."""
        import asyncio

        try:
            for number in range(abs(request.until)):
                yield pb.WatchResponse(number=number)
            if request.until < 0:
                await asyncio.Event().wait()
        finally:
            self.ended_streams += 1

    async def Gather(self, requests: AsyncIterator[Any], context: Any) -> Any:  # noqa: N802
        """Put the texts together; fail at one that says so."""
        self.begun += 1
        texts = []
        try:
            async for request in requests:
                if request.text == "refuse":
                    raise Refused(Refusal("TOO_LATE", FixedText("đã quá hạn", "it is too late")))
                texts.append(request.text)
        finally:
            self.ended_streams += 1
        return pb.GatherResponse(text=" ".join(texts))

    def _act(self, uow: Any, request: Any, call: Any) -> Any:
        self.begun += 1
        events = uow.append_call(request.code, [DossierSubmitted()], call)
        self._acted.add(call.request_id)
        return events

    def _once(self, _uow: Any, _request: Any, call: Any, events: Any) -> Any:
        """Answer what has just been written; raise ``AlreadyExists`` for what was before."""
        if call.request_id not in self._acted:
            raise AlreadyExists("đã làm", "done before")
        self._acted.discard(call.request_id)
        (event,) = events
        return pb.WriteResponse(sequence=event.sequence, event_id=event.event_id)


class Running:
    """One probe with its database and its server."""

    def __init__(
        self,
        database_url: str,
        *,
        access: dict[str, Rule] | None = None,
        authenticate: Any = None,
        server: dict[str, Any] | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        """``server`` goes to the RpcServer, ``settings`` to the Settings."""
        self.settings = Settings(
            service="probe",
            port=settings.pop("port", None) or free_port(),
            database_url=database_url,
            **settings,
        )
        self.tables = kernel_tables(MetaData())
        self.engine = open_engine(self.settings.database_url, "probe")
        self.tables.metadata.create_all(self.engine)
        self.read_engine = open_engine(self.settings.database_url, "probe", read_only=True)
        self.writer = Writer(self.engine, Model("intake", "dossier", self.tables))
        self.writer.start()
        self.reads = Reads(self.read_engine)
        self.commands = Commands(self.writer, clock or RealClock(), self.tables)
        self.probe = Probe(self.commands, self.reads)
        self.service = Service(
            pb_grpc.add_ProbeServiceServicer_to_server,
            self.probe,
            NAME,
            authenticate,
        )
        rules = {f"{NAME}/{name}": rule for name, rule in (access or EVERYBODY).items()}
        self.server = RpcServer(
            self.settings,
            [self.service],
            permissions=Permissions(rules, ROLES, Path("office/permissions.toml"), ACCESS_MODEL),
            **(server or {}),
        )
        self.port = self.server.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = pb_grpc.ProbeServiceStub(self.channel)

    def count(self, table: str) -> int:
        """Count the rows of a table, by a connection of the test's own."""
        with self.read_engine.connect() as connection:
            return int(connection.exec_driver_sql(f"select count(*) from {table}").scalar_one())

    def waiting(self) -> int:
        """Count the commands under way."""
        return len(self.commands._waiting)

    @contextmanager
    def busy_writer(self) -> Iterator[None]:
        """Hold the writer for as long as the block lasts, so that what comes waits in its queue."""
        held, release = threading.Event(), threading.Event()

        def hold(_uow: Any) -> None:
            held.set()
            release.wait(30)

        future = self.writer.exclusive(hold)
        held.wait(30)
        try:
            yield
        finally:
            release.set()
            future.result(30)

    def forget_requests(self) -> None:
        """Lose the operational rows, as a rebuild from the log does."""
        table = self.tables.requests
        self.writer.exclusive(lambda uow: uow.connection.execute(table.delete())).result(30)

    def stop(self) -> None:
        """Stop everything."""
        self.channel.close()
        self.server.drain(0.2)
        self.writer.stop()
        self.reads.close()
        self.engine.dispose()
        self.read_engine.dispose()


__all__ = [
    "CITIZEN",
    "EVERYBODY",
    "GUEST",
    "NAME",
    "OFFICER",
    "PARTNER",
    "Probe",
    "Running",
    "pb",
    "pb_grpc",
]


StartProbe = Callable[..., Running]
