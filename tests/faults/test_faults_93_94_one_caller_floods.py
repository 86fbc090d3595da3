"""Fault 93: one caller calls without a pause; fault 94: one caller opens streams without end.

It is refused for as long as that lasts and not for longer; everybody else is answered, and nothing
of it stays in the service.
"""

from __future__ import annotations

import asyncio
import random
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub

from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.config.call_limits import CallLimits
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.rpc.client import explain
from tests.support.identity import Metadata, metadata
from tests.support.service import ServiceProcess

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
HONEST = metadata("officer", "honest", unit="H22.12", roles=["inspector"])
CALLER = metadata("officer", "caller", unit="H22.12", roles=["inspector"])
READER = metadata("operator", "reader")
OWN = (("grpc.use_local_subchannel_pool", 1),)
CONNECTIONS = 4
AT_ONCE = 40
CALLS = 50
"""Of the honest caller, one after the other: fewer than its limit, however fast they are."""
PATIENCE = 60.0


@pytest.fixture(scope="module")
def service(kafka: KafkaBroker, session_dir: Path) -> Iterator[ServiceProcess]:
    """The audit service as a process of its own, with a limit that a slow machine reaches, too."""
    topic = f"limits-{random.randrange(10**9)}"
    ensure_topics(kafka.bootstrap, topics=[events_topic(topic)])
    with ServiceProcess(
        "audit",
        session_dir / topic,
        kafka.bootstrap,
        topic,
        AUDIT_METRICS_PORT=str(free_port()),
        AUDIT_CALL_RATE_PERSON="100/10second",
        AUDIT_CALL_RATE_PROGRAM=CallLimits.program,
    ) as process:
        process.wait_ready()
        yield process


def metric(service: ServiceProcess, name: str) -> float:
    """Return a metric, the sum over its attributes."""
    address = f"http://127.0.0.1:{service.env['AUDIT_METRICS_PORT']}/metrics"
    with urllib.request.urlopen(address, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


Begin = Callable[[Any, Any], Awaitable[None]]


async def ask(stub: Any, who: Any) -> None:
    """Make one call; raise when it is refused."""
    await stub.GetChain(pb.GetChainRequest(), timeout=60, metadata=who)


async def follow(stub: Any, who: Any) -> None:
    """Read a stream that does not end; raise when it is refused."""
    request = pb.StreamEventsRequest(follow=True)
    async for _ in stub.StreamEvents(request, timeout=600, metadata=who):
        pass


class Flood:
    """One caller who begins something again as soon as it is refused; a context manager."""

    def __init__(self, address: str, who: Metadata, begin: Begin, at_once: int) -> None:
        """``at_once`` of it are under way over each of a few connections."""
        self.who = who
        self.refusals: Counter[str] = Counter()
        self._address = address
        self._begin = begin
        self._at_once = at_once
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._connect()) for _ in range(CONNECTIONS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        ends = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    async def refused(self, number: int) -> None:
        """Wait until so many more were refused."""
        before = self.refusals.total()
        await until(lambda: self.refusals.total() >= before + number)

    async def _connect(self) -> None:
        async with grpc.aio.insecure_channel(self._address, OWN) as channel:
            stub = AuditServiceStub(channel)
            await asyncio.gather(*(self._go_on(stub) for _ in range(self._at_once)))

    async def _go_on(self, stub: Any) -> None:
        while True:
            try:
                await self._begin(stub, self.who)
            except grpc.aio.AioRpcError as error:
                problem = explain(error)
                self.refusals[problem.reason if problem.retry_after else repr(error)] += 1


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; raise ``AssertionError`` when it is not reached."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def somebody_calls(service: ServiceProcess) -> None:
    """Call over another connection as another caller; every call is answered."""
    async with grpc.aio.insecure_channel(service.address, OWN) as channel:
        for _ in range(CALLS):
            await ask(AuditServiceStub(channel), HONEST)


async def comes_to_rest(service: ServiceProcess, who: Any) -> None:
    """Wait until a caller who was refused is answered, and the service has nothing left of it."""

    async def answered() -> bool:
        try:
            await ask(AuditServiceStub(channel), who)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            return False
        return True

    end = time.monotonic() + PATIENCE
    async with grpc.aio.insecure_channel(service.address, OWN) as channel:
        while not await answered():
            assert time.monotonic() < end
    await until(lambda: metric(service, "motcua_rpc_streams") == 0)
    await until(lambda: metric(service, "motcua_rpc_windows") == 0)


async def test_fault_93_one_caller_calls_without_a_pause(service: ServiceProcess) -> None:
    """It is refused for some seconds; another caller is not refused once."""
    async with Flood(service.address, CALLER, ask, at_once=4) as flood:
        await flood.refused(50)
        await somebody_calls(service)
        await flood.refused(50)
    assert set(flood.refusals) == {"TOO_MANY_CALLS"}
    assert metric(service, "motcua_rpc_limited") >= 100
    await comes_to_rest(service, CALLER)


async def test_fault_94_one_caller_opens_streams_without_end(service: ServiceProcess) -> None:
    """Some stay open and the others are refused; another caller is not refused once."""
    async with Flood(service.address, READER, follow, at_once=AT_ONCE) as flood:
        await flood.refused(CONNECTIONS * AT_ONCE - CallLimits.streams_at_once)
        assert metric(service, "motcua_rpc_streams") >= CallLimits.streams_at_once
        await somebody_calls(service)
        await flood.refused(50)
    assert flood.refusals["TOO_MANY_STREAMS"]
    assert set(flood.refusals) <= {"TOO_MANY_STREAMS", "TOO_MANY_CALLS"}
    await comes_to_rest(service, READER)
