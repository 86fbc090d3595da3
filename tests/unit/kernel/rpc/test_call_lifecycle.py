"""Where a request is looked at."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor
from motcua.intake.v1.intake_pb2 import ListProceduresRequest
from motcua.operations.v1.operations_pb2 import ListQuarantinedRequest

from kernel.base.errors import Invalid
from kernel.config.call_limits import CallLimits
from kernel.rpc.admission.admission import Admission
from kernel.rpc.call_lifecycle import LARGE, CallLifecycle
from kernel.rpc.method import Context, Method
from kernel.rpc.validation.normalizers import no_normalizer

GUEST = SimpleNamespace(actor=Actor())


def called() -> Context:
    """Return the context of a call by a guest."""
    parts = SimpleNamespace(
        invocation_metadata=lambda: (), time_remaining=lambda: 5.0, peer=lambda: "ipv4:192.0.2.1:1"
    )
    return cast(Context, parts)


async def test_what_is_larger_than_its_fields_is_not_decoded() -> None:
    """The size is told, in numbers, before anything else is done with the request."""
    method = SimpleNamespace(
        path="a/b",
        largest_request=100,
        identity=lambda *_: GUEST,
        caller=lambda *_: None,
        streams=False,
    )
    context = called()
    with (
        ThreadPoolExecutor(1) as pool,
        CallLifecycle(cast(Method, method), context, Admission(CallLimits()), pool) as lifecycle,
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
        request_type=ListQuarantinedRequest.DESCRIPTOR,
        largest_request=2 * LARGE,
        check=note,
        service=SimpleNamespace(normalizer_of=no_normalizer),
        identity=lambda *_: GUEST,
        caller=lambda *_: SimpleNamespace(actor=None),
        streams=False,
    )
    context = called()
    unknown_field = ListProceduresRequest(unit="x" * length).SerializeToString()
    with (
        ThreadPoolExecutor(1) as pool,
        CallLifecycle(cast(Method, method), context, Admission(CallLimits()), pool) as lifecycle,
    ):
        await lifecycle.enter(unknown_field.replace(b"\x0a", b"\x7a", 1))

    (thread,) = threads
    assert (thread is not threading.current_thread()) is apart
