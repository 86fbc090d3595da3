"""The server itself: health, reflection, limits, stopping."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from infra.local.ports import free_port
from kernel.rpc.client import explain
from tests.support.identity import ISSUER, Key, metadata, write_keys
from tests.support.probe.service import NAME, Running, StartProbe, pb

WHO = metadata("officer", "an.nv")
Code = grpc.StatusCode
Health = health_pb2.HealthCheckResponse


def health(probe: Running, service: str = "") -> int:
    """Ask the standard health check."""
    stub = health_pb2_grpc.HealthStub(probe.channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status)


def reflected(probe: Running) -> set[str]:
    """List the services that reflection tells of."""
    stub = reflection_pb2_grpc.ServerReflectionStub(probe.channel)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([ask]), timeout=10)
    return {each.name for each in answer.list_services_response.service}


def write_request(**changes: str) -> pb.WriteRequest:
    """Return a fresh, right request."""
    fields = {"request_id": str(uuid.uuid4()), "code": "A", "full_name": "An"}
    return pb.WriteRequest(**{**fields, **changes})


def test_health_follows_readiness(probe: Running) -> None:
    """Health says NOT_SERVING until the service is ready, for the process and for each service."""
    before = [health(probe), health(probe, NAME)]
    probe.server.set_ready(True)
    after = [health(probe), health(probe, NAME)]

    assert before == [Health.NOT_SERVING] * 2
    assert after == [Health.SERVING] * 2


def test_reflection_in_development(probe: Running) -> None:
    """In development any gRPC client can ask what there is."""
    assert NAME in reflected(probe)


def test_no_reflection_in_production(start_probe: StartProbe, tmp_path: Path) -> None:
    """In production reflection is not there at all."""
    probe = start_probe(
        mode="production",
        record_keys="cd" * 32,
        master_key="ab" * 32,
        identity_jwks=write_keys(tmp_path / "jwks.json", Key("office")),
        identity_issuer=ISSUER,
    )

    with pytest.raises(grpc.RpcError) as caught:
        reflected(probe)

    assert caught.value.code() == Code.UNIMPLEMENTED


def test_listens_on_loopback_only(probe: Running) -> None:
    """Nobody outside this machine can connect."""
    mine = [c for c in psutil.Process().net_connections("tcp") if c.status == "LISTEN"]
    hosts = {c.laddr.ip for c in mine if c.laddr.port == probe.port}

    assert hosts <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert hosts


def test_taken_port_is_an_error_that_names_it(start_probe: StartProbe) -> None:
    """Two servers never share a port in silence."""
    with socket.socket() as other:
        port = free_port()
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(OSError, match=f"127.0.0.1:{port}"):
            start_probe(port=port)


def test_message_of_five_mebibytes_is_refused(probe: Running) -> None:
    """A request above 4 MiB is refused before it is read; others go on."""
    with pytest.raises(grpc.RpcError) as caught:
        probe.stub.Write(write_request(full_name="a" * 5 * 1024 * 1024), timeout=10, metadata=WHO)

    assert caught.value.code() == Code.RESOURCE_EXHAUSTED
    assert probe.stub.Write(write_request(), timeout=10, metadata=WHO).sequence == 1


def test_calls_above_the_limit_are_refused(start_probe: StartProbe) -> None:
    """More calls at a time than the limit get RESOURCE_EXHAUSTED instead of memory."""
    probe = start_probe(server={"calls": 4})
    with probe.busy_writer():
        calls = [
            probe.stub.Write.future(write_request(), timeout=10, metadata=WHO) for _ in range(12)
        ]
        refused = [c for c in calls if _ended(c) and c.code() == Code.RESOURCE_EXHAUSTED]
        assert len(refused) >= 8

    assert probe.count("events") <= 4


def _ended(call: grpc.Future[Any]) -> bool:
    """Return whether a call has ended, after a moment's patience."""
    try:
        call.exception(timeout=0.5)
    except grpc.FutureTimeoutError:
        return False
    return True


def test_streams_above_the_limit_are_refused(start_probe: StartProbe) -> None:
    """Open streams are bounded, and other calls go on beside them."""
    probe = start_probe(server={"streams": 3})
    streams = [
        probe.stub.Watch(pb.WatchRequest(until=-1), timeout=30, metadata=WHO) for _ in range(3)
    ]
    for stream in streams:
        next(stream)

    with pytest.raises(grpc.RpcError) as caught:
        next(probe.stub.Watch(pb.WatchRequest(until=-1), timeout=30, metadata=WHO))

    assert explain(caught.value).code == Code.RESOURCE_EXHAUSTED
    assert probe.stub.Who(pb.WhoRequest(), timeout=10, metadata=WHO).kind == 2
    for stream in streams:
        stream.cancel()


def test_draining_lets_running_calls_end(start_probe: StartProbe) -> None:
    """At a stop, a running command is finished and answered, and no new call is taken."""
    probe = start_probe()
    probe.server.set_ready(True)
    with probe.busy_writer():
        running = probe.stub.Write.future(write_request(), timeout=20, metadata=WHO)
        while probe.waiting() == 0:
            time.sleep(0.005)
        stopping = threading.Thread(target=probe.server.drain, args=(10.0,))
        stopping.start()
        refusal = _first_refusal(probe)
    stopping.join(20)

    assert refusal == Code.UNAVAILABLE
    assert running.result(timeout=10).sequence == 1
    assert not stopping.is_alive()


def _first_refusal(probe: Running) -> grpc.StatusCode:
    """Call until the server, which is being stopped, takes no more calls."""
    while True:
        try:
            probe.stub.Who(pb.WhoRequest(), timeout=10, metadata=WHO)
        except grpc.RpcError as error:
            return error.code()


def test_draining_ends_streams_at_once(start_probe: StartProbe) -> None:
    """At a stop, an endless stream ends with UNAVAILABLE and a time to retry, before the grace."""
    probe = start_probe()
    stream = probe.stub.Watch(pb.WatchRequest(until=-1), timeout=60, metadata=WHO)
    next(stream)

    begun = time.monotonic()
    probe.server.drain(30.0)

    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    problem = explain(caught.value)
    assert problem.code == Code.UNAVAILABLE
    assert problem.retry_after == 1.0
    assert time.monotonic() - begun < 15


def test_watching_the_health_does_not_hold_up_the_end(start_probe: StartProbe) -> None:
    """Somebody who watches the health is told of the end, and nobody waits for them."""
    probe = start_probe()
    probe.server.set_ready(True)
    stub = health_pb2_grpc.HealthStub(probe.channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=NAME), timeout=60)
    assert next(watch).status == Health.SERVING

    begun = time.monotonic()
    probe.server.drain(30.0)

    assert time.monotonic() - begun < 15
    assert next(watch).status == Health.NOT_SERVING
