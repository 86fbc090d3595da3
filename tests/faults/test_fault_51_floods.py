"""Fault 51: thousands of idle streams, floods of pings, readers that do not read, a huge message.

Each is refused or bounded, and while it lasts everybody else is answered.
"""

import asyncio
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub

from infra.local.kafka import KafkaBroker
from kernel.config.call_limits import CallLimits
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.rpc.admission import infrastructure
from kernel.rpc.interceptor import STREAMS
from tests.support.audit_service import publish
from tests.support.audit_store import week
from tests.support.identity import metadata
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.alone, pytest.mark.timeout(120)]
Code = grpc.StatusCode
ASKER = metadata("operator", "asker", language="en")
IDLE = 10_000
FLOODS = 500
CONNECTIONS = 20
REFUSALS = {Code.RESOURCE_EXHAUSTED, Code.CANCELLED}
"""We say the first; gRPC itself resets a stream here and there when thousands come at once."""
OWN = (("grpc.use_local_subchannel_pool", 1),)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
PING = struct.pack(">I", 8)[1:] + b"\x06\0\0\0\0\0" + b"\0" * 8
GOAWAY, ENHANCE_YOUR_CALM = 7, 11


@pytest.fixture(scope="module")
def audit(kafka: KafkaBroker, session_dir: Path) -> Iterator[ServiceProcess]:
    """The audit service as a process of its own, with a log of some 4,000 events."""
    topic = f"floods-{random.randrange(10**9)}"
    ensure_topics(kafka.bootstrap, topics=[events_topic(topic)])
    publish(kafka.bootstrap, topic, week(random.Random(51), 800))
    with ServiceProcess("audit", session_dir / topic, kafka.bootstrap, topic) as service:
        service.wait_ready()
        yield service


def resident(service: ServiceProcess) -> int:
    """Return the bytes of memory that the service has."""
    assert service._process is not None
    return int(psutil.Process(service._process.pid).memory_info().rss)


@asynccontextmanager
async def connections(service: ServiceProcess, number: int) -> AsyncIterator[list[Any]]:
    """Open connections of their own."""
    opened = [grpc.aio.insecure_channel(service.address, OWN) for _ in range(number)]
    yield opened
    for channel in opened:
        await channel.close()


async def others_are_answered(service: ServiceProcess) -> None:
    """Ask a hundred times over another connection: every answer is right."""
    async with grpc.aio.insecure_channel(service.address, OWN) as channel:
        for _ in range(100):
            await _ask(channel)


async def _ask(channel: Any) -> None:
    stub = AuditServiceStub(channel)
    answer = await stub.GetChain(pb.GetChainRequest(), timeout=30, metadata=ASKER)
    assert len(answer.heads) > 0


@asynccontextmanager
async def somebody_asks(service: ServiceProcess) -> AsyncIterator[Counter[str]]:
    """Ask all the time over another connection, and count the answers: each of them is right."""
    count: Counter[str] = Counter()

    async def ask() -> None:
        while True:
            await _ask(channel)
            count["answers"] += 1

    async with grpc.aio.insecure_channel(service.address, OWN) as channel:
        await _ask(channel)
        asking = asyncio.create_task(ask())
        yield count
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


class Flood:
    """Streams that were opened and are left alone; counts how those ended that were refused."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self._ends: list[asyncio.Task[None]] = []
        self.ended: Counter[grpc.StatusCode] = Counter()

    def open(self, call: Any) -> None:
        """Keep one more."""
        self.calls.append(call)
        self._ends.append(asyncio.create_task(self._end(call)))

    async def _end(self, call: Any) -> None:
        self.ended[await call.code()] += 1

    async def refused(self, number: int) -> None:
        """Wait until as many were refused."""
        end = time.monotonic() + 60
        while sum(self.ended.values()) < number:
            assert time.monotonic() < end, self.ended
            await asyncio.sleep(0.05)

    async def leave(self) -> None:
        """Abandon all of them."""
        for call in self.calls:
            call.cancel()
        await asyncio.gather(*self._ends)


def _watch_health(channel: Any, _number: int) -> Any:
    return health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())


def _reflect(channel: Any, _number: int) -> Any:
    async def nothing() -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield reflection_pb2.ServerReflectionRequest()

    return reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(nothing())


def _follow(channel: Any, number: int) -> Any:
    ahead = [pb.LogPosition(partition=p, offset=10**9) for p in range(6)]
    request = pb.StreamEventsRequest(follow=True, after=ahead)
    who = metadata(
        "officer",
        f"an.{number % 1_000 if number >= 0 else 'nv'}",
        unit="H22.12",
        roles=["inspector"],
    )
    return AuditServiceStub(channel).StreamEvents(request, timeout=600, metadata=who)


def _follow_alone(channel: Any, _number: int) -> Any:
    return _follow(channel, -1)


@pytest.mark.parametrize(
    ("opened", "number", "most"),
    [
        (_watch_health, IDLE, infrastructure.MOST),
        (_reflect, 1_000, infrastructure.MOST),
        (_follow_alone, 1_000, CallLimits.streams_at_once),
        (_follow, 1_000, STREAMS),
    ],
    ids=["health", "reflection", "one caller", "many callers"],
)
async def test_idle_streams_do_not_keep_others_out(
    audit: ServiceProcess, opened: Any, number: int, most: int
) -> None:
    """Of thousands of streams a bounded number stays open, and calls go on beside them."""
    await others_are_answered(audit)
    before = resident(audit)
    flood = Flood()
    async with connections(audit, CONNECTIONS) as channels:
        async with somebody_asks(audit) as count:
            for index in range(number):
                flood.open(opened(channels[index % CONNECTIONS], index))
                if index % 500 == 499:
                    await asyncio.sleep(0)
            await flood.refused(number - most)
            # Those that stay open keep nobody out: the test's time limit ends a wait for ever.
            while count["answers"] < 10:
                await asyncio.sleep(0.05)
        assert set(flood.ended) <= REFUSALS
        await others_are_answered(audit)
        assert sum(flood.ended.values()) == number - most
        assert resident(audit) - before < 100e6
        await flood.leave()
    await others_are_answered(audit)


async def test_a_flood_of_pings_ends_that_connection(audit: ServiceProcess) -> None:
    """Who pings without a pause is told to calm down and hung up on; others notice nothing."""
    async with somebody_asks(audit) as count:
        # One flood is over in milliseconds: as many as it takes until others got some answers.
        for _ in range(FLOODS):
            assert await asyncio.to_thread(_ping, audit.port, 1_000) == ENHANCE_YOUR_CALM
            if count["answers"] >= 10:
                break
    assert count["answers"] >= 10
    await others_are_answered(audit)


def _ping(port: int, number: int) -> int:
    """Send pings over a connection of HTTP/2; gives the code by which the server ended it."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(PREFACE)
        with suppress(ConnectionError):  # it may hang up before all are sent
            for _ in range(number):
                line.sendall(PING)
        data = b""
        with suppress(ConnectionError):
            while part := line.recv(65536):
                data += part
    while data:
        length, kind = int.from_bytes(data[:3], "big"), data[3]
        if kind == GOAWAY:
            return int.from_bytes(data[13:17], "big")
        data = data[9 + length :]
    return -1


async def test_streams_opened_and_reset_at_once_are_harmless(audit: ServiceProcess) -> None:
    """Calls that are cancelled as soon as they are made leave nothing behind."""
    await others_are_answered(audit)
    before = resident(audit)
    async with connections(audit, 4) as channels:
        for index in range(4_000):
            call = _follow_alone(channels[index % 4], index)
            if index % 100 == 99:
                await asyncio.sleep(0)
            call.cancel()
        await others_are_answered(audit)
    assert resident(audit) - before < 100e6


async def test_readers_that_do_not_read_cost_no_memory(audit: ServiceProcess) -> None:
    """The whole log, asked for by 60 callers who take nothing, waits where it is."""
    await others_are_answered(audit)
    before = resident(audit)
    async with connections(audit, 60) as channels:
        calls = [
            AuditServiceStub(channel).StreamEvents(
                pb.StreamEventsRequest(), timeout=600, metadata=metadata("operator", f"slow.{n}")
            )
            for n, channel in enumerate(channels)
        ]
        for call in calls:
            assert (await call.read()).stream_id
        await others_are_answered(audit)
        assert resident(audit) - before < 100e6
        for call in calls:
            call.cancel()
    await others_are_answered(audit)


async def test_a_message_of_five_mebibytes_is_refused(audit: ServiceProcess) -> None:
    """It is not even read to its end."""
    async with connections(audit, 1) as (channel,):
        request = pb.GetStateRequest(dossier_code="x" * 5 * 1024 * 1024)
        with pytest.raises(grpc.RpcError) as refused:
            await AuditServiceStub(channel).GetState(request, timeout=10, metadata=ASKER)
    assert refused.value.code() is Code.RESOURCE_EXHAUSTED
    await others_are_answered(audit)
