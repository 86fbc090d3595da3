"""Commands that make transactions of their own, in a thread: begun once, told the truth."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.operations.v1 import operations_pb2 as pb

from kernel.auth.identity import Caller, set_caller
from kernel.base.clock import RealClock
from kernel.base.errors import Conflict
from kernel.commands.command_bus import Commands, Context
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from tests.support.tally import KERNEL, METADATA, MODEL

METHOD = "motcua.operations.v1.OperationsService/Redrive"
NO_CONTEXT = cast(Context, None)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """The commands of a small service."""
    engine = open_engine(f"sqlite:///{tmp_path / 'tally.sqlite'}", "tally")
    METADATA.create_all(engine)
    writer = Writer(engine, MODEL)
    writer.start()
    yield Commands(writer, RealClock(), KERNEL)
    writer.stop()
    engine.dispose()


class Work:
    """Work that takes until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.done = 0

    def __call__(self, _call: Call) -> pb.RedriveResponse:
        """Work, and count it."""
        self.begun.set()
        assert self.go.wait(30)
        self.done += 1
        return pb.RedriveResponse(handled=7)


async def call(commands: Commands, request: pb.RedriveRequest, act: Callable[[Call], Any]) -> Any:
    """Call as an operator who waits for a minute."""
    actor = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="op")
    set_caller(Caller(METHOD, actor, "en", "", time.monotonic() + 60))
    return await commands.run_in_thread(request, NO_CONTEXT, act)


def test_who_hangs_up_and_asks_again_gets_the_answer(commands: Commands) -> None:
    """The work goes on without its caller. Who asks meanwhile is told that it runs; who asks then
    gets its answer; it is done once."""
    work, request = Work(), pb.RedriveRequest(request_id=str(uuid.uuid4()), stream_id="H1")

    async def go() -> pb.RedriveResponse:
        task = asyncio.create_task(call(commands, request, work))
        await asyncio.to_thread(work.begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(Conflict):
            await call(commands, request, work)
        work.go.set()
        while True:
            try:
                return cast(pb.RedriveResponse, await call(commands, request, work))
            except Conflict:
                await asyncio.sleep(0.01)

    assert asyncio.run(go()).handled == 7
    assert work.done == 1


def test_who_hangs_up_at_once_finds_it_done_or_not_begun(commands: Commands) -> None:
    """However early the caller hangs up, the same request is never told that it was carried out
    when it was not."""

    async def go(steps: int) -> tuple[int, int]:
        work, request = Work(), pb.RedriveRequest(request_id=str(uuid.uuid4()), stream_id="H1")
        work.go.set()
        task = asyncio.create_task(call(commands, request, work))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while True:
            try:
                answer = await call(commands, request, work)
                return answer.handled, work.done
            except Conflict:
                await asyncio.sleep(0.01)

    for steps in range(40):
        assert asyncio.run(go(steps)) == (7, 1)
