"""What happens around every call: deadline, identity, access, validation, trace, measurement, and
errors made readable.

Health and reflection pass with nothing but a bound on their streams. Handlers of ours are wrapped
once per method, so a call costs no search.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import grpc

from kernel.auth.permissions import PART, Permissions
from kernel.auth.tokens import TokenVerifier
from kernel.base.errors import Failure
from kernel.rpc import statuses
from kernel.rpc.call_lifecycle import CallLifecycle
from kernel.rpc.drain import Drain, stopping
from kernel.rpc.method import Context, Method
from kernel.rpc.registration import Service
from kernel.rpc.stream_limits import StreamLimits, bounded

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

STREAMS: Final = 512
STREAMS_OF_ONE: Final = 64
"""Streams that one caller may have open at a time."""
FAREWELL: Final = 5.0
"""Seconds in which streams that are ended at a stop get their answer."""


class Interceptor(grpc.aio.ServerInterceptor):
    """The door of all services of one listener."""

    def __init__(
        self,
        services: Sequence[Service],
        verifier: TokenVerifier,
        permissions: Permissions,
        *,
        tls: bool = False,
        streams: int = STREAMS,
    ) -> None:
        self._verifier = verifier
        self._permissions = permissions
        self._services = {service.name: service for service in services}
        self._tls = tls
        self._max_streams = streams
        self._wrapped: dict[str, Handler] = {}
        self._open: set[asyncio.Task[Any]] = set()
        self._of_one = StreamLimits(STREAMS_OF_ONE)
        self._watching = StreamLimits(STREAMS_OF_ONE)
        self._gate = Drain()

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
            wrapped = bounded(handler, self._watching)
        else:
            wrapped = self._wrap(service, path.strip("/"), handler)
        self._wrapped[path] = wrapped
        return wrapped

    def streams(self) -> int:
        """Count the streams that are open."""
        return len(self._open)

    async def close(self) -> bool:
        """Let no call in any more, and end streams with UNAVAILABLE: their clients go elsewhere.

        Gives whether calls still run.
        """
        self._gate.closing = True
        streams = list(self._open)
        for task in streams:
            task.cancel()
        calls = await self._gate.close()
        if streams:
            await asyncio.wait(streams, timeout=FAREWELL)
        return calls

    def _wrap(self, service: Service, path: str, handler: Handler) -> Handler:
        method = Method(service, path, self._verifier, self._permissions, self._tls)
        if handler.request_streaming:
            raise NotImplementedError(f"{path}: streams of requests are not in use")
        if handler.response_streaming:
            if method.rule.unit == PART:
                raise NotImplementedError(f"{path}: streams are not judged by who takes part")
            inner = handler.unary_stream
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(method, inner), None, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, handler.unary_unary), None, handler.response_serializer
        )

    def _unary(self, method: Method, inner: Any) -> Any:
        gate = self._gate

        async def answer(data: bytes, context: Context) -> Any:
            with CallLifecycle(method, context) as door:
                held = gate.closing
                try:
                    await gate.enter()
                    return door.judged(await inner(door.enter(data), context))
                except asyncio.CancelledError:
                    door.left()
                    raise
                except Exception as error:  # every fault gets its answer here
                    await door.refuse(error)
                finally:
                    gate.leave(held=held)

        return answer

    def _streaming(self, method: Method, inner: Any) -> Any:
        async def answer(data: bytes, context: Context) -> AsyncIterator[Any]:
            with CallLifecycle(method, context) as door:
                task = asyncio.current_task()
                try:
                    if self._gate.closing:
                        raise stopping()
                    if len(self._open) >= self._max_streams:
                        raise _full()
                    if task is not None:
                        self._open.add(task)
                    request = door.enter(data)
                    with self._of_one.one_more(door.actor()) as fits:
                        if not fits:
                            raise _full()
                        async for item in inner(request, context):
                            yield item
                except asyncio.CancelledError:
                    door.left()
                    if not self._gate.closing:
                        raise
                    await door.refuse(stopping())
                except Exception as error:
                    await door.refuse(error)
                finally:
                    if task is not None:
                        self._open.discard(task)

        return answer


def _full() -> Failure:
    return statuses.TooMany(
        "đã mở quá nhiều luồng, xin thử lại sau", "too many streams are open; try later"
    )
