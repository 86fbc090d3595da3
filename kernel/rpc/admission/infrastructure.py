"""The limit on streams of health and reflection, which anybody may open without a deadline."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import grpc

from kernel.rpc.admission.concurrency import ConcurrencyLimits
from kernel.rpc.admission.late_answers import LateAnswers

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
MOST: Final = 64
"""Such streams that are open at a time: they count towards the server's limit of calls."""


def limited(handler: Handler, streams: ConcurrencyLimits, late: LateAnswers) -> Handler:
    """Return the handler with a limit on its open streams, whoever opened them."""
    if not handler.response_streaming:
        return handler
    inner: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def answer(request: Any, context: Any) -> None:
        with streams.one_more("") as fits:
            if fits:
                answers = inner(request, context)
                if not hasattr(answers, "__aiter__"):
                    await answers
                    return
                async for item in answers:
                    await context.write(item)
                return
        await late.wait(context)
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many streams are open")

    make = (
        grpc.stream_stream_rpc_method_handler
        if handler.request_streaming
        else grpc.unary_stream_rpc_method_handler
    )
    return make(answer, handler.request_deserializer, handler.response_serializer)
