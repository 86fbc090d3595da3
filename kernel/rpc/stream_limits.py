"""Limits on open streams, so that idle ones can't use up the server's calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import grpc

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


class StreamLimits:
    """Counts open streams by key. Not thread-safe: for one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[Hashable] = Counter()

    @contextmanager
    def one_more(self, key: Hashable) -> Iterator[bool]:
        """Count one more during the block and yield true; yield false and count nothing at the
        limit.
        """
        if self._open[key] >= self._most:
            yield False
            return
        self._open[key] += 1
        try:
            yield True
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]


def limited(handler: Handler, limits: StreamLimits) -> Handler:
    """Return the handler with a limit on its open streams, for health and reflection.

    Anybody may open them, without a deadline, and they count towards the server's limit of calls.
    """
    if not handler.response_streaming:
        return handler
    inner: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def answer(request: Any, context: Any) -> None:
        with limits.one_more("") as fits:
            if not fits:
                await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many streams are open")
            answers = inner(request, context)
            if not hasattr(answers, "__aiter__"):
                await answers
                return
            async for item in answers:
                await context.write(item)

    make = (
        grpc.stream_stream_rpc_method_handler
        if handler.request_streaming
        else grpc.unary_stream_rpc_method_handler
    )
    return make(answer, handler.request_deserializer, handler.response_serializer)
