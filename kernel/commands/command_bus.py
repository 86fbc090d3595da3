"""Runs commands, once each and only for callers that still wait, and queries.

A command's first answer is kept under its request id in the transaction of its effects. After a
rebuild those rows are gone; then the events name the request as their cause, so that it is not
carried out a second time. Answer and events are bound to a digest of method, caller and content:
the same id with anything else is another request, and is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol, TypeVar, cast

import grpc
from google.protobuf.message import Message
from sqlalchemy import Connection, Engine

from kernel.auth.identity import Caller, caller
from kernel.base.clock import Clock
from kernel.base.errors import AlreadyExists, Conflict, Invalid
from kernel.commands.handler import CommandHandler, carry_out
from kernel.commands.idempotency import FirstAnswer, RequestCache, answer_type
from kernel.commands.loop_bridge import LoopBridge
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.readiness import Readiness
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.broker_clock import BrokerClock
from kernel.messages.texts import TEXTS
from kernel.rpc.statuses import DeadlinePassed
from kernel.rpc.validation.messages import UUID, own_violation
from kernel.storage.kernel_tables import KernelTables
from kernel.telemetry import metrics

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]
_UUID_FORM: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class Request(Protocol):
    """The request of a command: a message with ``string request_id = 1``."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802 - protobuf's name
        """Return the message's bytes."""
        ...


Q = TypeVar("Q", bound=Request)
A = TypeVar("A", bound=Message)


class Commands:
    """Runs the commands of one service. Not thread-safe: for the event loop of its gRPC server."""

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        tables: KernelTables,
        readiness: Readiness | None = None,
        broker_clock: BrokerClock | None = None,
        digest: Callable[[bytes], bytes] = _sha256,
    ) -> None:
        """Commands get ``Unavailable`` until ``readiness`` allows them, and while this machine's
        clock is too far ahead of ``broker_clock``. ``digest`` makes the digests of requests, which
        go into events: keyed, so that they don't help to guess what was sealed.
        """
        self._digest = digest
        self._readiness = readiness
        self._broker_clock = broker_clock
        self._writer = writer
        self._clock = clock
        self._requests = tables.requests
        self._events = tables.events
        self._waiting: dict[str, int] = {}
        self._cache: RequestCache | None = None
        self._bridge: LoopBridge | None = None
        self._in_threads: dict[str, Call] = {}

    async def run(self, request: Q, context: Context, handler: CommandHandler[Q, A]) -> A:
        """Run a handler in the writer's thread and return its answer once its events are durable.

        The same request id with the same content returns the first answer again; with another
        content or method it raises ``AlreadyExists``. When the answer was lost in a rebuild but its
        events are there, the handler answers from them and does not act. It may be run more than
        once, with one effect.
        """
        await self._may_begin()
        current = caller()
        call = self._call(request, current)
        self._waiting[call.request_id] = self._waiting.get(call.request_id, 0) + 1
        try:
            work = partial(self._once, request=request, call=call, current=current, handler=handler)
            return await self._loop_bridge().wait(self._writer.submit(work))
        except asyncio.CancelledError:
            current.gone = True
            raise
        finally:
            self._left(call.request_id)

    async def run_in_thread(self, request: Q, context: Context, act: Callable[[Call], A]) -> A:
        """Run ``act``, which blocks and makes transactions of its own, in a thread; at most once.

        The request is saved before ``act`` runs, so one that was interrupted is not begun a second
        time: it raises ``AlreadyExists``. While it runs, the same request raises ``Conflict``. Once
        the request is saved, ``act`` runs to its end, whether or not the caller still waits.
        """
        await self._may_begin()
        current = caller()
        call = self._call(request, current)
        work = partial(self._in_thread, act=act, call=call, current=current)
        return await asyncio.shield(asyncio.to_thread(work))

    async def _may_begin(self) -> None:
        if self._broker_clock is not None:
            self._broker_clock.require()
        if self._readiness is not None:
            self._readiness.require_commands()

    def _in_thread(self, *, act: Callable[[Call], A], call: Call, current: Caller) -> A:
        begin = partial(self._begin, call=call, current=current)
        try:
            first = self._writer.submit(begin).result()
            if first is not None:
                return cast(A, answer_type(current.method).FromString(first.response))
            answer = act(call)
            end = partial(self._end, call=call, answer=answer.SerializeToString())
            self._writer.submit(end).result()
        finally:
            if self._in_threads.get(call.request_id) is call:
                del self._in_threads[call.request_id]
        return answer

    def _call(self, request: Request, current: Caller) -> Call:
        request_id = request.request_id.lower()
        if not _UUID_FORM.fullmatch(request_id):
            raise Invalid([own_violation("request_id", UUID)])
        now = self._clock.now()
        return Call(
            actor=current.actor,
            language=current.language,
            request_id=request_id,
            now=now,
            occurred_at=now,
            trace=current.trace,
            correlation_id=current.correlation_id or request_id,
            roles=current.roles,
            digest=self._digest(_identity_of(request, current)),
            rule=current.rule,
        )

    def _loop_bridge(self) -> LoopBridge:
        loop = asyncio.get_running_loop()
        if self._bridge is None or self._bridge.loop is not loop:
            self._bridge = LoopBridge(loop)
        return self._bridge

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
        current: Caller,
        handler: CommandHandler[Q, A],
    ) -> A:
        if not current.waits():
            metrics.COMMANDS_ABANDONED.add(1, {"method": current.method})
            raise DeadlinePassed
        cache = self._cache_of(uow)
        cache.look_up(call.request_id, self._waiting)
        first = cache.answers.get(call.request_id)
        if first is not None:
            metrics.COMMANDS_REPEATED.add(1, {"method": current.method})
            if first.digest != call.digest:
                raise _used_before()
            return cast(A, answer_type(current.method).FromString(first.response))
        if (digest := cache.caused.get(call.request_id)) is not None:
            if digest != call.digest:
                raise _used_before()
            metrics.COMMANDS_REPEATED.add(1, {"method": current.method})
            answer = handler.answer(uow, request, call, uow.caused(call.request_id))
        else:
            answer = carry_out(handler, uow, request, call)
        cache.keep(call, FirstAnswer(call.digest, answer.SerializeToString()))
        return answer

    def _begin(self, uow: UnitOfWork, *, call: Call, current: Caller) -> FirstAnswer | None:
        if not current.waits():
            raise DeadlinePassed
        cache = self._cache_of(uow)
        cache.look_up(call.request_id, ())
        first = cache.answers.get(call.request_id)
        if first is None:
            cache.keep(call, FirstAnswer(call.digest, b""))
            self._in_threads[call.request_id] = call
            return None
        if first.digest != call.digest:
            raise _used_before()
        if call.request_id in self._in_threads:
            raise _under_way()
        if not first.response:
            raise _done_before()
        return first

    def _end(self, uow: UnitOfWork, *, call: Call, answer: bytes) -> None:
        uow.change(self._requests, call.request_id, response=answer)

    def _cache_of(self, uow: UnitOfWork) -> RequestCache:
        if self._cache is None or self._cache.unit() is not uow:
            self._cache = RequestCache(uow, self._requests, self._events)
        return self._cache


class Reads:
    """Runs queries on connections of their own, beside the writer."""

    def __init__(
        self, engine: Engine, threads: int = 4, readiness: Readiness | None = None
    ) -> None:
        """Queries get ``Unavailable`` until ``readiness`` is reached."""
        self._engine = engine
        self._readiness = readiness
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run ``read`` in one read transaction and return its result; raise ``DeadlinePassed`` when
        the caller no longer waits before it begins.
        """
        current = caller()
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, self._read, read, current
        )

    def _read(self, read: Callable[[Connection], T], current: Caller) -> T:
        if not current.waits():
            raise DeadlinePassed
        if self._readiness is not None:
            self._readiness.require_whole()
        with self._engine.connect() as connection:
            return read(connection)

    def close(self) -> None:
        """Stop the threads; blocks until running queries have ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _identity_of(request: Request, current: Caller) -> bytes:
    """Return what two requests with the same id must have in common to be the same request."""
    who = f"{current.method}\n{current.actor.kind}:{current.actor.id}\n"
    return who.encode() + request.SerializeToString(deterministic=True)


def _used_before() -> AlreadyExists:
    return AlreadyExists(*TEXTS.both("request.other"))


def _under_way() -> Conflict:
    return Conflict(*TEXTS.both("request.running"))


def _done_before() -> AlreadyExists:
    return AlreadyExists(*TEXTS.both("request.done"))
