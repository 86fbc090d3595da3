"""A request acts once, however often and in whatever way it comes (fault 47)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from kernel.rpc.client import explain
from tests.support.identity import metadata
from tests.support.probe.service import Running, StartProbe, pb

WHO = metadata("officer", "an.nv")
Code = grpc.StatusCode


def write_request(**changes: str) -> pb.WriteRequest:
    """Return a fresh, right request."""
    fields = {"request_id": str(uuid.uuid4()), "code": "A", "full_name": "An"}
    return pb.WriteRequest(**{**fields, **changes})


@pytest.fixture
def probe(start_probe: StartProbe, database_url: str) -> Running:
    """A probe on SQLite, then on PostgreSQL."""
    return start_probe(database_url)


def code_of(call: grpc.UnaryUnaryMultiCallable[Any, Any], request: object) -> grpc.StatusCode:
    """Call and give the code of the failure."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10, metadata=WHO)
    return explain(caught.value).code


def test_same_request_gets_the_first_answer(probe: Running) -> None:
    """The same request later gets the first answer, and there is one effect."""
    request = write_request()

    first = probe.stub.Write(request, timeout=10, metadata=WHO)
    second = probe.stub.Write(request, timeout=10, metadata=WHO)

    assert first == second
    assert probe.count("events") == 1


def test_same_request_in_parallel_has_one_effect(probe: Running) -> None:
    """Thirty-two callers with one request id get one and the same answer; there is one effect."""
    request = write_request()
    with ThreadPoolExecutor(32) as pool:
        answers = list(
            pool.map(
                lambda _: probe.stub.Write(request, timeout=20, metadata=WHO).event_id, range(32)
            )
        )

    assert len(set(answers)) == 1
    assert probe.count("events") == 1


def test_many_requests_in_parallel_have_one_effect_each(probe: Running) -> None:
    """Many requests, each sent three times at once, have one effect each."""
    requests = [write_request(code=f"D{n}") for n in range(40)] * 3
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(lambda r: probe.stub.Write(r, timeout=30, metadata=WHO), requests))

    assert probe.count("events") == 40
    assert probe.count("requests") == 40


def test_same_id_with_another_body_is_refused(probe: Running) -> None:
    """The same request id with another content gets ALREADY_EXISTS."""
    request = write_request()
    probe.stub.Write(request, timeout=10, metadata=WHO)

    other = write_request(request_id=request.request_id, full_name="Bình")

    assert code_of(probe.stub.Write, other) == Code.ALREADY_EXISTS
    assert probe.count("events") == 1


def test_same_id_for_another_method_is_refused(probe: Running) -> None:
    """The same request id for another method gets ALREADY_EXISTS."""
    request = write_request()
    probe.stub.Write(request, timeout=10, metadata=WHO)

    other = pb.WriteAgainRequest(request_id=request.request_id, code="A")

    assert code_of(probe.stub.WriteAgain, other) == Code.ALREADY_EXISTS


def test_same_request_of_another_caller_does_not_get_the_answer(probe: Running) -> None:
    """Somebody else's request id is no way to somebody else's answer."""
    request = write_request()
    probe.stub.Write(request, timeout=10, metadata=WHO)

    with pytest.raises(grpc.RpcError) as caught:
        probe.stub.Write(request, timeout=10, metadata=metadata("officer", "binh"))

    assert caught.value.code() == Code.ALREADY_EXISTS


def test_after_a_rebuild_a_request_still_does_not_act_twice(probe: Running) -> None:
    """When the answers are lost but the events are there, a repeat has no effect and says so."""
    request = write_request()
    probe.stub.Write(request, timeout=10, metadata=WHO)
    probe.forget_requests()

    assert code_of(probe.stub.Write, request) == Code.ALREADY_EXISTS
    assert probe.count("events") == 1


def test_after_a_rebuild_an_answer_can_be_made_from_the_events(probe: Running) -> None:
    """A method that can make its answer from the events gives it again after a rebuild."""
    request = pb.WriteAgainRequest(request_id=str(uuid.uuid4()), code="A")
    first = probe.stub.WriteAgain(request, timeout=10, metadata=WHO)
    probe.forget_requests()

    assert probe.stub.WriteAgain(request, timeout=10, metadata=WHO) == first
    assert probe.stub.WriteAgain(request, timeout=10, metadata=WHO) == first
    assert probe.count("events") == 1


def test_clash_with_another_replica_has_one_effect(
    start_probe: StartProbe, database_url: str
) -> None:
    """Two processes on one database that get the same request at once have one effect."""
    left, right = start_probe(database_url), start_probe(database_url)
    requests = [write_request(code=f"D{n}") for n in range(20)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].stub.Write(pair[1], timeout=30, metadata=WHO).event_id,
                [(side, r) for r in requests for side in (left, right)],
            )
        )

    assert answers[::2] == answers[1::2]
    assert left.count("events") == 20
