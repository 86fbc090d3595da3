"""What a caller is told who calls too much, over a real connection."""

from __future__ import annotations

import uuid
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from kernel.rpc.client import RpcProblem, explain
from tests.support.feed import wait_until
from tests.support.identity import Metadata, metadata
from tests.support.probe.service import NAME, Running, StartProbe, pb

Code = grpc.StatusCode
MAI = metadata("citizen", "mai")
CHIEN = metadata("citizen", "chien")
MAI_IN_ENGLISH = metadata("citizen", "mai", language="en")


def asked(probe: Running, who: Metadata) -> RpcProblem | None:
    """Call; return how it failed."""
    try:
        probe.stub.Who(pb.WhoRequest(), timeout=30, metadata=who)
    except grpc.RpcError as error:
        return explain(error)
    return None


def write_request() -> Any:
    """Return a fresh, right request."""
    return pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="An")


def test_too_many_calls_are_refused_until_some_time_has_passed(start_probe: StartProbe) -> None:
    """In both languages, with the time after which to try again, and that is true. Nobody else is
    refused, and the log says what is refused, not to whom.
    """
    probe = start_probe(call_rate_person="30/10second")
    with capture_logs() as logs:
        calls = [
            probe.stub.Who.future(pb.WhoRequest(), timeout=30, metadata=who)
            for who in (MAI, MAI_IN_ENGLISH) * 30
        ]
        errors = [call.exception() for call in calls]
        refused = {problem.text: problem for e in errors if e and (problem := explain(e))}
        assert asked(probe, CHIEN) is None

    assert {problem.code for problem in refused.values()} == {Code.RESOURCE_EXHAUSTED}
    assert {problem.reason for problem in refused.values()} == {"TOO_MANY_CALLS"}
    assert all(1 <= (problem.retry_after or 0) <= 10 for problem in refused.values())
    assert any("quá nhiều yêu cầu" in text for text in refused)
    assert any("too many calls in a short time" in text for text in refused)
    wait_until(lambda: asked(probe, MAI) is None, 60, "the limit has ended")

    limited = [line for line in logs if line["event"] == "rpc.limited"]
    assert limited
    assert {line["reason"] for line in limited} == {"TOO_MANY_CALLS"}
    assert {line["kind"] for line in limited} == {"ACTOR_KIND_CITIZEN"}
    assert {line["method"] for line in limited} == {f"{NAME}/Who"}
    assert "mai" not in str(limited)


def test_wrong_tokens_are_counted_by_the_address(start_probe: StartProbe) -> None:
    """Whoever tries tokens is refused like a guest, and so is the guest of that address."""
    probe = start_probe(call_rate_address="30/day")
    wrong = metadata(token="no.token.this", language="en")
    found = [problem.reason for _ in range(12) if (problem := asked(probe, wrong))]
    assert found[:9] == ["TOKEN_MALFORMED"] * 9
    assert found[10:] == ["TOO_MANY_CALLS"] * 2
    guest = asked(probe, metadata(language="en"))
    assert guest is not None
    assert guest.reason == "TOO_MANY_CALLS"
    assert asked(probe, MAI) is None


def test_so_many_calls_at_once(start_probe: StartProbe) -> None:
    """One caller can't take all the calls that a server answers at a time."""
    probe = start_probe(calls_at_once=4)
    with probe.busy_writer():
        held = [
            probe.stub.Write.future(write_request(), timeout=30, metadata=MAI) for _ in range(4)
        ]
        wait_until(lambda: probe.waiting() == 4, 30, "four calls wait")
        refused = asked(probe, MAI)
        assert refused is not None
        assert (refused.code, refused.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS_AT_ONCE")
        assert asked(probe, CHIEN) is None
    for call in held:
        assert call.result().sequence
    assert asked(probe, MAI) is None


def test_so_many_streams_at_once(start_probe: StartProbe) -> None:
    """Past the limit a stream is refused with the reason; closing one makes room."""
    probe = start_probe(streams_at_once=3)
    endless = pb.WatchRequest(until=-1)
    streams = [probe.stub.Watch(endless, timeout=60, metadata=MAI) for _ in range(3)]
    for stream in streams:
        next(stream)
    with pytest.raises(grpc.RpcError) as refused:
        next(probe.stub.Watch(endless, timeout=60, metadata=MAI))
    problem = explain(refused.value)
    assert (problem.code, problem.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")

    streams.pop().cancel()

    def opened() -> bool:
        stream = probe.stub.Watch(endless, timeout=60, metadata=MAI)
        try:
            next(stream)
        except grpc.RpcError:
            return False
        streams.append(stream)
        return True

    wait_until(opened, 60, "there is room again")
    for stream in streams:
        stream.cancel()


def test_refusals_that_wait_are_no_open_streams(start_probe: StartProbe) -> None:
    """Whoever is refused takes no room from others, however late the refusal is answered."""
    probe = start_probe(server={"streams": 2}, streams_at_once=1)
    endless = pb.WatchRequest(until=-1)
    mine = probe.stub.Watch(endless, timeout=60, metadata=MAI)
    next(mine)
    refused = [probe.stub.Watch(endless, timeout=60, metadata=MAI) for _ in range(4)]
    others = probe.stub.Watch(endless, timeout=60, metadata=CHIEN)
    assert next(others).number == 0
    assert {explain(stream).reason for stream in refused if stream.exception()} == {
        "TOO_MANY_STREAMS"
    }
    for stream in (mine, others):
        stream.cancel()
