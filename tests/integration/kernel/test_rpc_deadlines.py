"""Work is begun only for those who still wait (fault 50)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import grpc
import pytest

from kernel.rpc.client import explain
from tests.support.identity import metadata
from tests.support.probe.service import Running, StartProbe, pb

WHO = metadata("officer", "an.nv")


def write_request() -> pb.WriteRequest:
    """Return a fresh, right request."""
    return pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="An")


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_call_without_deadline_is_refused(probe: Running) -> None:
    """A call without a deadline gets INVALID_ARGUMENT, and nothing is begun."""
    with pytest.raises(grpc.RpcError) as caught:
        probe.stub.Write(write_request(), metadata=WHO)

    assert explain(caught.value).code == grpc.StatusCode.INVALID_ARGUMENT
    assert probe.probe.begun == 0


def test_stream_without_deadline_is_refused(probe: Running) -> None:
    """A stream, too, needs a deadline."""
    with pytest.raises(grpc.RpcError) as caught:
        next(probe.stub.Watch(pb.WatchRequest(until=1), metadata=WHO))

    assert explain(caught.value).code == grpc.StatusCode.INVALID_ARGUMENT


def test_command_whose_deadline_passed_in_the_queue_is_not_begun(probe: Running) -> None:
    """A command that waited longer than its caller leaves no trace."""
    with probe.busy_writer(), pytest.raises(grpc.RpcError) as caught:
        probe.stub.Write(write_request(), timeout=0.2, metadata=WHO)

    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    probe.stub.Write(write_request(), timeout=10, metadata=WHO)
    assert probe.probe.begun == 1
    assert probe.count("events") == 1


def test_command_cancelled_in_the_queue_is_not_begun(probe: Running) -> None:
    """A client that cancels while its command waits finds nothing done."""
    with probe.busy_writer():
        call = probe.stub.Write.future(write_request(), timeout=10, metadata=WHO)
        wait_for(lambda: probe.waiting() == 1)
        call.cancel()
        wait_for(lambda: probe.waiting() == 0)

    probe.stub.Write(write_request(), timeout=10, metadata=WHO)
    assert probe.probe.begun == 1
    assert probe.count("events") == 1


def test_caller_gone_after_its_group_was_taken_up_is_skipped(probe: Running) -> None:
    """Even in a group that the writer has taken up, a job whose caller is gone is not begun."""
    first, second = write_request(), write_request()
    with probe.busy_writer():
        # both wait in one group behind the busy writer; the deadline of one passes meanwhile
        kept = probe.stub.Write.future(first, timeout=10, metadata=WHO)
        late = probe.stub.Write.future(second, timeout=0.3, metadata=WHO)
        wait_for(lambda: late.done())

    assert kept.result().sequence == 1
    assert probe.probe.begun == 1


def test_client_that_leaves_ends_its_stream(probe: Running) -> None:
    """A stream stops working when its client cancels."""
    stream = probe.stub.Watch(pb.WatchRequest(until=-2), timeout=30, metadata=WHO)
    assert [next(stream).number, next(stream).number] == [0, 1]

    stream.cancel()

    wait_for(lambda: probe.probe.ended_streams == 1)


def test_health_and_reflection_need_no_deadline(start_probe: StartProbe) -> None:
    """Probes of health by tools that set no deadline are answered."""
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    probe = start_probe()
    answer = health_pb2_grpc.HealthStub(probe.channel).Check(health_pb2.HealthCheckRequest())

    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
