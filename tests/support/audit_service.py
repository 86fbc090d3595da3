"""The audit service in this process: its consumer on a real log, its gRPC server on loopback."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
from kafka import KafkaProducer
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from motcua.events.v1.event_pb2 import Event

from kernel.base.clock import FixedClock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.consumer.consumer import Consumer
from kernel.eventsourcing.group_commit import Writer
from kernel.rpc.server import RpcServer
from kernel.storage.engines import open_engine
from office.permissions import shipped
from services.audit.definition import handlers_of
from services.audit.record.log_source import log_of
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer, service
from services.audit.tables import METADATA
from tests.support import call_limits
from tests.support.audit_histories import at
from tests.support.audit_store import LEDGER, Log
from tests.support.identity import metadata
from tests.support.models import AUDIT as MODEL
from tests.support.office_files import find_calendar

FRIDAY = at("2021-08-13 17:00")
OPERATOR = metadata("operator", "binh.tt", language="en")


def publish(bootstrap: str, topic: str, events: Sequence[Event]) -> None:
    """Put events on the log as their services' relays do."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    try:
        for record in Log(events).records():
            producer.send(topic, record.value, key=record.key, headers=list(record.headers))
        producer.flush(30)
    finally:
        producer.close()


class Office:
    """What a test needs of the running service."""

    def __init__(self, address: str, consumer: Consumer, engine: Any, reading: Any) -> None:
        self.channel = grpc.insecure_channel(address)
        self.stub = AuditServiceStub(self.channel)
        self.consumer = consumer
        self.engine = engine
        self.reading = reading

    def ask(self, method: str, request: Any, *, who: Any = OPERATOR) -> Any:
        """Call a method that gives one answer."""
        return getattr(self.stub, method)(request, timeout=20, metadata=who)

    def stream(self, method: str, request: Any, *, who: Any = OPERATOR) -> Any:
        """Call a method that gives many answers."""
        return getattr(self.stub, method)(request, timeout=60, metadata=who)

    def wait(self, handled: int) -> None:
        """Wait until so many events have been recorded."""
        until(lambda: self.consumer.status().handled >= handled)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; fails the test when it does not come about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextmanager
def open_office(url: str, bootstrap: str, topic: str, **listener: Any) -> Iterator[Office]:
    """Run the service on a database that may be empty; ``listener`` are settings."""
    engine = open_engine(url, "audit")
    METADATA.create_all(engine)
    reading = open_engine(url, "audit", read_only=True)
    writer, reads, clock = Writer(engine, MODEL), Reads(reading), FixedClock(FRIDAY)
    consumer = Consumer(writer, reading, MODEL, clock, bootstrap, topic, patience=3600)
    verifier = LogVerifier(reading, log_of(bootstrap, topic))
    servicer = AuditServicer(reads, clock, verifier, LEDGER, find_calendar)
    settings = Settings(
        service="audit", port=0, database_url=url, **call_limits.SETTINGS, **listener
    )
    commands = Commands(writer, clock, MODEL.tables)
    offered = service(servicer, commands, handlers_of(verifier))
    rpc = RpcServer(settings, [offered], shipped())
    writer.start()
    consumer.start()
    office = Office(f"127.0.0.1:{rpc.start()}", consumer, engine, reading)
    try:
        yield office
    finally:
        office.channel.close()
        rpc.drain(1.0)
        consumer.stop()
        writer.stop()
        reads.close()
        reading.dispose()
        engine.dispose()
