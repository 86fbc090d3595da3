"""How long honest callers wait while others do their worst, against the same calls in quiet.

Sixteen honest callers hand dossiers in at intake and ask audit for the heads of its chains, each at
a steady pace. In every second round 64 hostile callers run beside them: a quarter sends messages of
nearly the largest size, a quarter requests with very many items, a quarter connects anew for each
call, and a quarter asks audit for the whole log and reads none of it. They run in a process of the
lowest priority, since in life they work on other machines.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import grpc
from motcua.audit.v1 import audit_pb2 as audit
from motcua.audit.v1.audit_pb2_grpc import AuditServiceStub
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from benchmarks.filing import counter_procedure, submission
from benchmarks.harness import Figures, Servers, Size, TargetMissed
from kernel.config.call_limits import CallLimits
from tests.support.identity import metadata
from tests.support.stack import Stack

NAME = "honest callers beside hostile ones (target: p99 at most twice its quiet value)"
TARGET = 2.0
HONEST, HOSTILE = 16, 64
SECONDS = {Size.SMALL: 1.0, Size.USUAL: 15.0, Size.FULL: 60.0}
ROUNDS = {Size.SMALL: 1, Size.USUAL: 3, Size.FULL: 5}
PACE = 0.25
"""Seconds from one call of an honest caller to its next."""
BEGUN_WITHIN = 120.0
"""Seconds in which all hostile callers make their first call."""
LARGE_BYTES = 3_900_000
MANY_ITEMS = 200_000
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)

DEFAULT_LIMITS = {
    "MOTCUA_CALL_RATE_PERSON": CallLimits.person,
    "MOTCUA_CALL_RATE_ADDRESS": CallLimits.address,
    "MOTCUA_CALL_RATE_PROGRAM": CallLimits.program,
    "MOTCUA_CALLS_AT_ONCE": str(CallLimits.calls_at_once),
}

Delays = dict[str, list[float]]
Call = Callable[[], Awaitable[Any]]
GoOn = Callable[[Call], Awaitable[None]]


def run(size: Size, servers: Servers) -> Figures:
    """Print the p99 of each honest call in quiet and beside hostile callers, and their ratio."""
    stack = servers.stack(DEFAULT_LIMITS)
    addresses = _address(stack, "intake"), _address(stack, "audit")
    quiet: dict[str, list[float]] = defaultdict(list)
    beside: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS[size]):
        for found, hostile in ((quiet, False), (beside, True)):
            for name, delays in _round(addresses, SECONDS[size], hostile=hostile).items():
                found[name].append(statistics.quantiles(delays, n=100)[98] * 1000)
    figures: dict[str, float] = {}
    for name in quiet:
        ratio = statistics.median(b / q for b, q in zip(beside[name], quiet[name], strict=True))
        print(
            f"  {name:<14} p99 {statistics.median(quiet[name]):7.1f} ms in quiet, "
            f"{statistics.median(beside[name]):7.1f} ms beside {HOSTILE} hostile callers: "
            f"{ratio:.2f} times"
        )
        figures[name] = ratio
    if size is not Size.SMALL and max(figures.values()) > TARGET:
        raise TargetMissed(f"{max(figures.values()):.2f} times the quiet p99")
    return figures


def _address(stack: Stack, service: str) -> str:
    return f"127.0.0.1:{stack.env[f'{service.upper()}_PORT']}"


def _round(addresses: tuple[str, str], seconds: float, *, hostile: bool) -> Delays:
    """Return the delays of the honest calls, in seconds by name."""
    if not hostile:
        return asyncio.run(_honest(*addresses, seconds))
    spawn = multiprocessing.get_context("spawn")
    begun, enough = spawn.Event(), spawn.Event()
    process = spawn.Process(target=_attack, args=(*addresses, begun, enough))
    process.start()
    try:
        if not begun.wait(BEGUN_WITHIN):
            raise TimeoutError("the hostile callers did not begin")
        return asyncio.run(_honest(*addresses, seconds))
    finally:
        enough.set()
        process.join(30)
        process.kill()


async def _honest(intake_address: str, audit_address: str, seconds: float) -> Delays:
    delays: Delays = {"SubmitDossier": [], "GetChain": []}
    async with (
        grpc.aio.insecure_channel(intake_address) as desk,
        grpc.aio.insecure_channel(audit_address) as record,
    ):
        submit, chain = IntakeServiceStub(desk).SubmitDossier, AuditServiceStub(record).GetChain
        procedure = await counter_procedure(IntakeServiceStub(desk))

        async def one(number: int) -> None:
            officer = metadata("officer", f"h{number}", unit="H22.12", roles=["receptionist"])
            auditor = metadata("operator", f"h{number}")
            await asyncio.sleep(PACE * number / HONEST)
            until = time.perf_counter() + seconds
            while (began := time.perf_counter()) < until:
                await submit(submission(procedure), timeout=60, metadata=officer)
                submitted = time.perf_counter()
                await chain(audit.GetChainRequest(), timeout=60, metadata=auditor)
                ended = time.perf_counter()
                delays["SubmitDossier"].append(submitted - began)
                delays["GetChain"].append(ended - submitted)
                await asyncio.sleep(max(0.0, began + PACE - ended))

        await asyncio.gather(*(one(number) for number in range(HONEST)))
    return delays


def _attack(intake_address: str, audit_address: str, begun: Event, enough: Event) -> None:
    """Do the worst until it is enough; the entry of a process of its own."""
    _take_lowest_priority()
    asyncio.run(_hostile(intake_address, audit_address, begun, enough))


def _take_lowest_priority() -> None:
    os.nice(19)
    # Where Linux shares the processor among sessions first, niceness counts within a session only.
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


async def _hostile(intake_address: str, audit_address: str, begun: Event, enough: Event) -> None:
    kinds = (_large, _many_items, _reconnecting, _reading_nothing)
    first_calls = asyncio.Barrier(HOSTILE + 1)
    go_on = partial(_again_and_again, first_calls)
    tasks = [
        asyncio.create_task(
            kinds[number % 4](
                audit_address if kinds[number % 4] is _reading_nothing else intake_address,
                metadata("citizen", f"x{number}"),
                go_on,
            )
        )
        for number in range(HOSTILE)
    ]
    await first_calls.wait()
    begun.set()
    await asyncio.to_thread(enough.wait)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(first_calls: asyncio.Barrier, call: Call) -> None:
    """Call without a pause, once all callers have made the first of their calls."""
    with suppress(grpc.RpcError):
        await call()
    await first_calls.wait()
    while True:
        with suppress(grpc.RpcError):
            await call()


async def _large(address: str, who: Any, go_on: GoOn) -> None:
    request = intake.SubmitDossierRequest(applicant=intake.Applicant(full_name="x" * LARGE_BYTES))
    await _submitting(address, who, request, go_on)


async def _many_items(address: str, who: Any, go_on: GoOn) -> None:
    parts = [intake.SubmittedPart()] * MANY_ITEMS
    await _submitting(address, who, intake.SubmitDossierRequest(parts=parts), go_on)


async def _submitting(
    address: str, who: Any, request: intake.SubmitDossierRequest, go_on: GoOn
) -> None:
    async with grpc.aio.insecure_channel(address, OWN_CONNECTION) as channel:
        submit = IntakeServiceStub(channel).SubmitDossier
        await go_on(lambda: submit(request, timeout=60, metadata=who))


async def _reconnecting(address: str, who: Any, go_on: GoOn) -> None:
    async def call() -> None:
        async with grpc.aio.insecure_channel(address, OWN_CONNECTION) as channel:
            await IntakeServiceStub(channel).ListProcedures(
                intake.ListProceduresRequest(), timeout=60, metadata=who
            )

    await go_on(call)


async def _reading_nothing(address: str, _who: Any, go_on: GoOn) -> None:
    """Open one stream of the whole log after the other, and take one answer of each."""
    who = metadata("operator", f"x{uuid.uuid4().hex[:6]}")
    async with grpc.aio.insecure_channel(address, OWN_CONNECTION) as channel:
        stream = AuditServiceStub(channel).StreamEvents
        open_streams = []

        async def call() -> None:
            opened = stream(audit.StreamEventsRequest(), timeout=600, metadata=who)
            await opened.read()
            open_streams.append(opened)

        await go_on(call)
