"""Streams of requests, over a real connection: whoever may not call is refused before one is read,
and each one of a stream is validated.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import grpc
import pytest

from kernel.rpc.client import RpcProblem, explain
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.probe.service import EVERYBODY, OFFICER, Running, StartProbe, pb

Code = grpc.StatusCode
WHO = metadata("officer", "an.nv")


class Held:
    """Requests of which the rest comes when it is released."""

    def __init__(self, *texts: str) -> None:
        self._texts = texts
        self._end = threading.Event()

    def __iter__(self) -> Iterator[pb.GatherRequest]:
        yield from texts_of(*self._texts)
        self._end.wait(60)

    def release(self) -> None:
        """Let the stream end."""
        self._end.set()


def texts_of(*texts: str) -> Iterator[pb.GatherRequest]:
    """Return requests, one for each text."""
    return (pb.GatherRequest(text=text) for text in texts)


def problem_of(call: Any) -> RpcProblem:
    """Return how a call that must fail fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call.result()
    return explain(caught.value)


def test_what_is_streamed_comes_in_order(start_probe: StartProbe) -> None:
    """Also nothing at all; no more than the handler wants is waited for."""
    probe = start_probe()
    for texts in ((), ("one",), tuple(map(str, range(500)))):
        answer = probe.stub.Gather(texts_of(*texts), timeout=30, metadata=WHO)
        assert answer.text == " ".join(texts)


def test_a_wrong_request_of_a_stream_is_named_and_ends_it(start_probe: StartProbe) -> None:
    """The first wrong one, whichever it is; the handler sees none behind it."""
    probe = start_probe()
    for texts in (("",), ("one", "two", "x" * 51), ("one", "\u0007")):
        held = Held(*texts)
        problem = problem_of(probe.stub.Gather.future(iter(held), timeout=30, metadata=WHO))
        held.release()
        assert (problem.code, set(problem.fields)) == (Code.INVALID_ARGUMENT, {"text"})
    large = problem_of(probe.stub.Gather.future(texts_of("x" * 9000), timeout=30, metadata=WHO))
    assert large.code == Code.INVALID_ARGUMENT


def test_a_refusal_in_the_middle_reaches_whoever_still_sends(start_probe: StartProbe) -> None:
    """With its reason, before the sender has ended."""
    probe = start_probe()
    held = Held("one", "refuse")
    problem = problem_of(probe.stub.Gather.future(iter(held), timeout=30, metadata=WHO))
    held.release()
    assert (problem.code, problem.reason) == (Code.FAILED_PRECONDITION, "TOO_LATE")


def test_who_may_not_call_is_refused_before_anything_is_read(start_probe: StartProbe) -> None:
    """Nobody holds a stream open without a right to it, or without a deadline."""
    probe = start_probe(access=dict.fromkeys(EVERYBODY, OFFICER))
    for caller, timeout, code in (
        (metadata("citizen", "mai"), 30, Code.PERMISSION_DENIED),
        ((), 30, Code.UNAUTHENTICATED),
        (WHO, None, Code.INVALID_ARGUMENT),
    ):
        held = Held()
        call = probe.stub.Gather.future(iter(held), timeout=timeout, metadata=caller)
        assert problem_of(call).code == code
        held.release()
    assert probe.probe.begun == 0


def test_an_answer_whose_scope_nobody_checked_is_withheld(start_probe: StartProbe) -> None:
    """Of a stream of requests as of a stream of answers."""
    part = replace(OFFICER, scope="part")
    probe = start_probe(access={**dict.fromkeys(EVERYBODY, OFFICER), "Gather": part, "Watch": part})
    gathered = probe.stub.Gather.future(texts_of("one"), timeout=30, metadata=WHO)
    assert problem_of(gathered).code == Code.INTERNAL
    with pytest.raises(grpc.RpcError) as caught:
        next(probe.stub.Watch(pb.WatchRequest(until=1), timeout=30, metadata=WHO))
    assert caught.value.code() == Code.INTERNAL


def test_open_streams_of_requests_are_counted(start_probe: StartProbe) -> None:
    """Past the limit of a caller one more is refused; an end makes room."""
    probe = start_probe(streams_at_once=2)
    held = [Held("one") for _ in range(2)]
    calls = [probe.stub.Gather.future(iter(each), timeout=60, metadata=WHO) for each in held]
    wait_until(lambda: probe.probe.begun == 2, 60, "both are open")
    refused = problem_of(probe.stub.Gather.future(texts_of("one"), timeout=60, metadata=WHO))
    assert (refused.code, refused.reason) == (Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
    held[0].release()
    assert calls[0].result().text == "one"

    def fits() -> bool:
        try:
            return bool(probe.stub.Gather(texts_of("one"), timeout=60, metadata=WHO))
        except grpc.RpcError:
            return False

    wait_until(fits, 60, "there is room")
    held[1].release()


def test_a_stop_and_a_client_that_goes_end_a_stream_of_requests(start_probe: StartProbe) -> None:
    """The handler ends both times; at a stop the client is told to try again."""
    probe: Running = start_probe()
    gone, held = Held("one"), Held("one")
    first = probe.stub.Gather.future(iter(gone), timeout=60, metadata=WHO)
    wait_until(lambda: probe.probe.begun == 1, 60, "it is open")
    first.cancel()
    gone.release()
    wait_until(lambda: probe.probe.ended_streams == 1, 60, "its handler has ended")
    second = probe.stub.Gather.future(iter(held), timeout=60, metadata=WHO)
    wait_until(lambda: probe.probe.begun == 2, 60, "the other is open")
    probe.server.drain(30.0)
    problem = problem_of(second)
    held.release()
    assert (problem.code, problem.retry_after) == (Code.UNAVAILABLE, 1.0)
    assert probe.probe.ended_streams == 2
