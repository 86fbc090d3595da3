"""The server's interceptor: deadline, authentication, authorization, validation, tracing, metrics
and error statuses of every call.

Health and reflection pass with nothing but a limit on their streams. Handlers are wrapped once per
method, so a call costs no lookup.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias

import grpc

from kernel.auth.permissions import Permissions
from kernel.auth.tokens import TokenVerifier
from kernel.rpc.admission import infrastructure
from kernel.rpc.admission.admission import Admission, too_many
from kernel.rpc.admission.concurrency import ConcurrencyLimits
from kernel.rpc.admission.stream_pace import CALM, StreamPace
from kernel.rpc.call_lifecycle import CallLifecycle
from kernel.rpc.drain import Drain, stopping
from kernel.rpc.method import Context, Method
from kernel.rpc.registration import Service

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

STREAMS: Final = 512
"""Streams of answers that may be open at a time."""
STREAM_END_SECONDS: Final = 5.0
"""Seconds in which streams that are ended at a stop get their status."""


class Interceptor(grpc.aio.ServerInterceptor):
    """Carries out the call lifecycle for all services of one listener."""

    def __init__(
        self,
        services: Sequence[Service],
        verifier: TokenVerifier,
        permissions: Permissions,
        admission: Admission,
        *,
        tls: bool = False,
        streams: int = STREAMS,
    ) -> None:
        self._verifier = verifier
        self._permissions = permissions
        self._admission = admission
        self._infrastructure_streams = ConcurrencyLimits(infrastructure.MOST)
        self._services = {service.name: service for service in services}
        self._tls = tls
        self._max_streams = streams
        self._wrapped: dict[str, Handler] = {}
        self._open: set[asyncio.Task[Any]] = set()
        self._drain = Drain()
        self._pace = StreamPace(self._calls_run)
        self._called_at = -CALM
        # One thread: several would take the interpreter from the event loop by turns.
        self._large_requests = ThreadPoolExecutor(1, thread_name_prefix="large-requests")

    def _calls_run(self) -> bool:
        """Return whether calls run, or have just now."""
        return self._drain.running > 0 or time.monotonic() - self._called_at < CALM

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Return the handler of a call, wrapped the first time it is asked for."""
        path = handler_call_details.method
        wrapped = self._wrapped.get(path)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        service = self._services.get(path.strip("/").partition("/")[0])
        if handler is None:
            return handler
        if service is None:
            wrapped = infrastructure.limited(
                handler, self._infrastructure_streams, self._admission.late
            )
        else:
            wrapped = self._wrap(service, path.strip("/"), handler)
        self._wrapped[path] = wrapped
        return wrapped

    def streams(self) -> int:
        """Count the streams that are open."""
        return len(self._open)

    async def close(self) -> bool:
        """Take no further call and end streams with UNAVAILABLE; return whether calls still run.

        Blocks for the time that ``Drain.close`` takes and ``STREAM_END_SECONDS`` at most.
        """
        self._drain.closing = True
        self._admission.late.close()
        streams = list(self._open)
        for task in streams:
            task.cancel()
        calls_running = await self._drain.close()
        if streams:
            await asyncio.wait(streams, timeout=STREAM_END_SECONDS)
        self._large_requests.shutdown(wait=False)
        return calls_running

    def _wrap(self, service: Service, path: str, handler: Handler) -> Handler:
        method = Method(service, path, self._verifier, self._permissions, self._tls)
        if handler.request_streaming:
            raise NotImplementedError(f"{path}: streams of requests are not in use")
        if handler.response_streaming:
            if method.must_check_scope:
                raise NotImplementedError(f"{path}: the scope of streams is not checked")
            inner = handler.unary_stream
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(method, inner), None, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, handler.unary_unary), None, handler.response_serializer
        )

    def _unary(self, method: Method, inner: Any) -> Any:
        drain, open_answer = self._drain, method.service.open_answer

        async def answer(data: bytes, context: Context) -> Any:
            with CallLifecycle(method, context, self._admission, self._large_requests) as lifecycle:
                held = drain.closing
                try:
                    await drain.enter()
                    found = await inner(await lifecycle.enter(data), context)
                    found = lifecycle.release(found)
                    return found if open_answer is None else await open_answer(found)
                except asyncio.CancelledError:
                    lifecycle.cancel()
                    raise
                except Exception as error:  # each failure gets its status here
                    await lifecycle.refuse(error)
                finally:
                    drain.leave(held=held)
                    self._called_at = time.monotonic()

        return answer

    def _streaming(self, method: Method, inner: Any) -> Any:
        async def answer(data: bytes, context: Context) -> AsyncIterator[Any]:
            with CallLifecycle(method, context, self._admission, self._large_requests) as lifecycle:
                task = asyncio.current_task()
                try:
                    if self._drain.closing:
                        raise stopping()
                    if len(self._open) >= self._max_streams:
                        raise too_many("TOO_MANY_STREAMS")
                    if task is not None:
                        self._open.add(task)
                    async for item in inner(await lifecycle.enter(data), context):
                        await self._pace.turn()
                        yield item
                except asyncio.CancelledError:
                    lifecycle.cancel()
                    if not self._drain.closing:
                        raise
                    await lifecycle.refuse(stopping())
                except Exception as error:
                    self._open -= {task}  # a refusal that is answered late is no open stream
                    await lifecycle.refuse(error)
                finally:
                    self._open -= {task}

        return answer
