"""Where a request is looked at."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from motcua.intake.v1.intake_pb2 import ListProceduresRequest
from motcua.operations.v1.operations_pb2 import ListQuarantinedRequest

from kernel.base.errors import Invalid
from kernel.rpc.call_lifecycle import LARGE, CallLifecycle
from kernel.rpc.method import Context, Method
from kernel.rpc.validation.normalizers import no_normalizer


async def test_what_is_larger_than_its_fields_is_not_decoded() -> None:
    """The size is told, in numbers, before anything else is done with the request."""
    method = SimpleNamespace(path="a/b", largest_request=100, caller=lambda *_: None)
    context = SimpleNamespace(invocation_metadata=lambda: (), time_remaining=lambda: 5.0)
    with (
        ThreadPoolExecutor(1) as pool,
        CallLifecycle(cast(Method, method), cast(Context, context), pool) as lifecycle,
        pytest.raises(Invalid) as refused,
    ):
        await lifecycle.enter(b"\xff" * 101)
    (violation,) = refused.value.violations
    assert violation.rule == "message.max_bytes"
    assert "100 bytes" in violation.text.en
    assert "100 byte" in violation.text.vi


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
        largest_request=2 * LARGE,
        check=note,
        service=SimpleNamespace(normalizer_of=no_normalizer),
        caller=lambda *_: SimpleNamespace(actor=None),
    )
    context = SimpleNamespace(invocation_metadata=lambda: (), time_remaining=lambda: 5.0)
    unknown_field = ListProceduresRequest(unit="x" * length).SerializeToString()
    with (
        ThreadPoolExecutor(1) as pool,
        CallLifecycle(cast(Method, method), cast(Context, context), pool) as lifecycle,
    ):
        await lifecycle.enter(unknown_field.replace(b"\x0a", b"\x7a", 1))

    (thread,) = threads
    assert (thread is not threading.current_thread()) is apart
