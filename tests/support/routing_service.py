"""Routing on a real gRPC server, a real database and, when asked for, a real broker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import grpc
from google.protobuf.message import Message

from kernel.base.clock import Clock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.consumer.consumer import Consumer
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.outbox.relay import Relay
from kernel.rpc.client import RpcProblem, explain
from kernel.rpc.server import RpcServer
from kernel.runtime.periodic_tasks import PeriodicTask, TaskRunner
from kernel.storage.engines import open_engine
from office.permissions import shipped
from services.routing.application.handlers import handlers_of
from services.routing.rpc import services_of
from services.routing.schedulers.deadlines import deadline_scheduler
from tests.support import call_limits
from tests.support.identity import metadata
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.routing_cases import at
from tests.support.routing_stubs import RoutingStubs

Metadata = tuple[tuple[str, str], ...]
DEPARTMENT = ("specialist", "head", "leader", "clerk")
AN = metadata("officer", "an", unit="H22.12", roles=DEPARTMENT)
BINH = metadata("officer", "binh", unit="H22.12", roles=DEPARTMENT)
ENGLISH = metadata("officer", "an", unit="H22.12", roles=DEPARTMENT, language="en")
IMPORTER = metadata("importer", "receipt")
CITIZEN = metadata("citizen", "x")


@dataclass
class Hands:
    """A clock that is set by hand."""

    now_at: int = at("2021-08-09 10:00")

    def now(self) -> int:
        """Return the instant that was set."""
        return self.now_at

    def set(self, when: str) -> None:
        """Set the wall clock of the office."""
        self.now_at = at(when)


@dataclass
class Routing:
    """A running service and its client."""

    address: str
    clock: Hands
    writer: Writer
    channel: grpc.Channel = field(init=False)
    stub: RoutingStubs = field(init=False)

    def __post_init__(self) -> None:
        self.channel = grpc.insecure_channel(self.address)
        self.stub = RoutingStubs(self.channel)

    def call(self, method: str, request: Any, who: Metadata = AN, code: str = "") -> Any:
        """Call a method, with a new request id unless there is one; raise ``grpc.RpcError``."""
        if code and "dossier_code" in request.DESCRIPTOR.fields_by_name:
            request.dossier_code = code
        if "request_id" in request.DESCRIPTOR.fields_by_name and not request.request_id:
            request.request_id = str(uuid.uuid4())
        return getattr(self.stub, method)(request, timeout=20, metadata=who)

    def problem(
        self, method: str, request: Message, who: Metadata = AN, code: str = ""
    ) -> RpcProblem:
        """Call a method that must fail, and tell how."""
        try:
            self.call(method, request, who, code)
        except grpc.RpcError as error:
            return explain(error)
        raise AssertionError(f"{method} was answered")


@contextmanager
def open_routing(url: str, bootstrap: str = "", topic: str = "") -> Iterator[Routing]:
    """Run the service; with a broker it reads, publishes, and watches."""
    clock = Hands()
    with ExitStack() as stack:
        engine = open_engine(url, "routing")
        stack.callback(engine.dispose)
        MODEL.tables.metadata.create_all(engine)
        reading = open_engine(url, "routing", read_only=True)
        stack.callback(reading.dispose)
        writer = Writer(engine, MODEL)
        writer.start()
        stack.callback(writer.stop)
        if bootstrap:
            _listen(stack, writer, reading, clock, bootstrap, topic)
        keys = open_engine(f"sqlite:///{stack.enter_context(TemporaryDirectory())}/keys", "keyring")
        stack.callback(keys.dispose)
        reads = Reads(reading)
        stack.callback(reads.close)
        commands = Commands(writer, clock, MODEL.tables)
        settings = Settings(service="routing", port=0, database_url=url, **call_limits.SETTINGS)
        offered = services_of(
            reads, Keyring(keys, b"k" * 32), commands, clock, OFFICE, MODEL, handlers_of(OFFICE)
        )
        rpc = RpcServer(settings, offered, shipped())
        running = Routing(f"127.0.0.1:{rpc.start()}", clock, writer)
        stack.callback(rpc.drain, 1.0)
        stack.callback(running.channel.close)
        yield running


def _listen(
    stack: ExitStack, writer: Writer, reading: Any, clock: Clock, bootstrap: str, topic: str
) -> None:
    relay = Relay(writer, reading, MODEL, bootstrap, topic)
    relay.start()
    stack.callback(relay.stop)
    consumer = Consumer(writer, reading, MODEL, clock, bootstrap, topic)
    consumer.start()
    stack.callback(consumer.stop)
    watch = PeriodicTask("deadlines", 0.1, deadline_scheduler(OFFICE))
    watcher = TaskRunner(writer, clock, [watch], lambda: consumer.status().ready)
    watcher.start()
    stack.callback(watcher.stop)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until something holds; raise ``AssertionError`` saying what did not."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)
