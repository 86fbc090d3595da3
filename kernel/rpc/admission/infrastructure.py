"""The limit on streams of health and reflection, which anybody may open without a deadline."""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc

from kernel.rpc.admission.admission import Admission

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
ALL = "health and reflection"
"""The one caller as whom all are counted: they count towards the server's limit of calls."""


def limited(handler: Handler, admission: Admission) -> Handler:
    """Return the handler with a limit on its open streams."""
    if not handler.response_streaming:
        return handler
    inner: Any = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def answer(request: Any, context: Any) -> None:
        with admission.streams.one_more(ALL) as fits:
            if fits:
                answers = inner(request, context)
                if not hasattr(answers, "__aiter__"):
                    await answers
                    return
                async for item in answers:
                    await context.write(item)
                return
        await admission.late.wait(context)
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many streams are open")

    make = (
        grpc.stream_stream_rpc_method_handler
        if handler.request_streaming
        else grpc.unary_stream_rpc_method_handler
    )
    return make(answer, handler.request_deserializer, handler.response_serializer)
