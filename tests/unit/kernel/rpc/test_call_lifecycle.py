"""Where a request is looked at."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from motcua.intake.v1.intake_pb2 import ListProceduresRequest
from motcua.operations.v1.operations_pb2 import ListQuarantinedRequest

from kernel.rpc.call_lifecycle import LARGE, CallLifecycle
from kernel.rpc.method import Context, Method
from kernel.rpc.validation.normalizers import no_normalizer


@pytest.mark.parametrize(("length", "apart"), [(0, False), (LARGE, True)])
async def test_a_large_request_is_looked_at_apart(length: int, apart: bool) -> None:
    """What takes long to check does not hold up the calls beside it."""
    threads: list[threading.Thread] = []

    def note(_request: Message, _actor: Any) -> tuple[()]:
        threads.append(threading.current_thread())
        return ()

    method = SimpleNamespace(
        path="a/b",
        request=ListQuarantinedRequest,
        check=note,
        service=SimpleNamespace(normalizer_of=no_normalizer),
        caller=lambda *_: SimpleNamespace(actor=None),
    )
    context = SimpleNamespace(invocation_metadata=lambda: (), time_remaining=lambda: 5.0)
    unknown_field = ListProceduresRequest(unit="x" * length).SerializeToString()
    with CallLifecycle(cast(Method, method), cast(Context, context)) as lifecycle:
        await lifecycle.enter(unknown_field.replace(b"\x0a", b"\x7a", 1))

    (thread,) = threads
    assert (thread is not threading.current_thread()) is apart
