"""Runs commands, once each and only for callers that still wait, and reads beside them.

A command's first answer is kept under its request id in the transaction of its effects. After a
rebuild those rows are gone; then the events name the request as their cause, and that is enough for
never doing it twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol, TypeVar, cast

import grpc
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, Engine

from kernel.auth.identity import Caller, caller
from kernel.base.clock import Clock
from kernel.base.errors import AlreadyExists, Conflict, Invalid, Violation
from kernel.commands.idempotency import First, Memory, answer_type
from kernel.commands.loop_bridge import LoopBridge
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.readiness import Readiness
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.broker_clock import BrokerClock
from kernel.rpc.statuses import DeadlinePassed
from kernel.rpc.validation.messages import UUID, words
from kernel.storage.kernel_tables import KernelTables
from kernel.telemetry import metrics

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]
_UUID_FORM: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Request(Protocol):
    """A request that acts: a message with ``string request_id = 1``."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802 - protobuf's name
        """Return the message's bytes."""
        ...


Q = TypeVar("Q", bound=Request)
A = TypeVar("A", bound=Message)
Act = Callable[[UnitOfWork, Q, Call], A]
Again = Callable[[UnitOfWork, Q, Call, Sequence[Event]], A]


class Commands:
    """The way of every command of one service; made once, used from the gRPC loop."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        tables: KernelTables,
        history: Readiness | None = None,
        log_clock: BrokerClock | None = None,
    ) -> None:
        """Commands get ``Unavailable`` until ``history`` is whole, and while this machine's clock
        does not fit ``log_clock``.
        """
        self._history = history
        self._log_clock = log_clock
        self._writer = writer
        self._clock = clock
        self._requests = tables.requests
        self._events = tables.events
        self._waiting: dict[str, int] = {}
        self._memory: Memory | None = None
        self._deliveries: LoopBridge | None = None
        self._apart: dict[str, Call] = {}

    async def run(
        self, request: Q, context: Context, act: Act[Q, A], again: Again[Q, A] | None = None
    ) -> A:
        """Run ``act`` in the writer and give its answer once it is durable.

        The same request id with the same content gives the first answer again; with another content
        or method it raises ``AlreadyExists``. When the answer was lost in a rebuild but its events
        are there, ``again`` makes the answer from them; without it ``AlreadyExists`` says that it
        was done. ``act`` may be run more than once, with one effect.
        """
        await self._may_begin()
        who = caller()
        call = self._call(request, who)
        body = _digest(request, call)
        self._waiting[call.request_id] = self._waiting.get(call.request_id, 0) + 1
        try:
            work = partial(
                self._once, request=request, call=call, who=who, body=body, act=act, again=again
            )
            return await self._results().wait(self._writer.submit(work))
        except asyncio.CancelledError:
            who.gone = True
            raise
        finally:
            self._left(call.request_id)

    async def run_apart(self, request: Q, context: Context, act: Callable[[Call], A]) -> A:
        """Run ``act``, which blocks and makes transactions of its own, in a thread; at most once.

        The request is noted before it acts, so one that was cut short is not begun a second time:
        it gets ``AlreadyExists``. While it runs, the same request gets ``Conflict``.
        """
        await self._may_begin()
        who = caller()
        call = self._call(request, who)
        note = First(who.method, _digest(request, call), b"")
        begin = partial(self._begin, call=call, who=who, note=note)
        try:
            first = await self._results().wait(self._writer.submit(begin))
            if first is not None:
                return cast(A, answer_type(who.method).FromString(first.response))
        except BaseException:
            self._ended(call)
            raise
        return await asyncio.to_thread(self._act_apart, act, call)

    async def _may_begin(self) -> None:
        if self._log_clock is not None:
            self._log_clock.require()
        if self._history is not None and not self._history.known:
            await asyncio.to_thread(self._history.require)

    def _act_apart(self, act: Callable[[Call], A], call: Call) -> A:
        """Act and keep the answer, whether or not the caller still waits by then."""
        try:
            answer = act(call)
            end = partial(self._end, call=call, answer=answer.SerializeToString())
            self._writer.submit(end).result()
        finally:
            self._ended(call)
        return answer

    def _ended(self, call: Call) -> None:
        if self._apart.get(call.request_id) is call:
            del self._apart[call.request_id]

    def _call(self, request: Request, who: Caller) -> Call:
        request_id = request.request_id.lower()
        if not _UUID_FORM.fullmatch(request_id):
            raise Invalid([Violation("request_id", UUID, *words(UUID, "", ""))])
        now = self._clock.now()
        return Call(
            actor=who.actor,
            language=who.language,
            request_id=request_id,
            now=now,
            occurred_at=now,
            trace=who.trace,
            correlation_id=who.correlation_id or request_id,
            roles=who.roles,
            rule=who.rule,
        )

    def _results(self) -> LoopBridge:
        loop = asyncio.get_running_loop()
        if self._deliveries is None or self._deliveries.loop is not loop:
            self._deliveries = LoopBridge(loop)
        return self._deliveries

    def _left(self, request_id: str) -> None:
        others = self._waiting[request_id] - 1
        if others:
            self._waiting[request_id] = others
        else:
            del self._waiting[request_id]

    # -- in the writer's thread -------------------------------------------------------------------

    def _once(
        self,
        uow: UnitOfWork,
        *,
        request: Q,
        call: Call,
        who: Caller,
        body: bytes,
        act: Act[Q, A],
        again: Again[Q, A] | None,
    ) -> A:
        if not who.waits():
            metrics.COMMANDS_ABANDONED.add(1, {"method": who.method})
            raise DeadlinePassed
        memory = self._memory_of(uow)
        memory.ask(call.request_id, self._waiting)
        first = memory.answers.get(call.request_id)
        if first is not None:
            metrics.COMMANDS_REPEATED.add(1, {"method": who.method})
            if first.method != who.method or first.body != body:
                raise _used_before()
            return cast(A, answer_type(who.method).FromString(first.response))
        if call.request_id in memory.caused:
            metrics.COMMANDS_REPEATED.add(1, {"method": who.method})
            if again is None:
                raise _done_before()
            answer = again(uow, request, call, uow.caused(call.request_id))
        else:
            answer = act(uow, request, call)
        memory.keep(call, First(who.method, body, answer.SerializeToString()))
        return answer

    def _begin(self, uow: UnitOfWork, *, call: Call, who: Caller, note: First) -> First | None:
        if not who.waits():
            raise DeadlinePassed
        memory = self._memory_of(uow)
        memory.ask(call.request_id, ())
        first = memory.answers.get(call.request_id)
        if first is None:
            memory.keep(call, note)
            self._apart[call.request_id] = call
            return None
        if (first.method, first.body) != (note.method, note.body):
            raise _used_before()
        if call.request_id in self._apart:
            raise _under_way()
        if not first.response:
            raise _done_before()
        return first

    def _end(self, uow: UnitOfWork, *, call: Call, answer: bytes) -> None:
        uow.change(self._requests, call.request_id, response=answer)

    def _memory_of(self, uow: UnitOfWork) -> Memory:
        if self._memory is None or self._memory.unit() is not uow:
            self._memory = Memory(uow, self._requests, self._events)
        return self._memory


class Reads:
    """Runs reads on a few connections of their own, beside the writer."""

    def __init__(self, engine: Engine, threads: int = 4, history: Readiness | None = None) -> None:
        """``history``: reads get ``Unavailable`` until it is whole."""
        self._engine = engine
        self._history = history
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run ``read`` in one read transaction and give its result; not begun when the caller is
        gone by then.
        """
        who = caller()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, read, who)

    def _read(self, read: Callable[[Connection], T], who: Caller) -> T:
        if not who.waits():
            raise DeadlinePassed
        if self._history is not None:
            self._history.require()
        with self._engine.connect() as connection:
            return read(connection)

    def close(self) -> None:
        """Let running reads end and stop the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _digest(request: Request, call: Call) -> bytes:
    """Return what identifies a request's content and who asks: another caller does not get the
    answer.
    """
    who = f"{call.actor.kind}:{call.actor.id}\n".encode()
    return hashlib.sha256(who + request.SerializeToString(deterministic=True)).digest()


def _used_before() -> AlreadyExists:
    return AlreadyExists(
        "mã yêu cầu này đã dùng cho một yêu cầu khác",
        "this request id was used for another request",
    )


def _under_way() -> Conflict:
    return Conflict("yêu cầu này đang được thực hiện", "this request is being carried out")


def _done_before() -> AlreadyExists:
    return AlreadyExists(
        "yêu cầu này đã được thực hiện trước đây; xin xem lại hồ sơ",
        "this request was carried out before; look at the dossier for its outcome",
    )
