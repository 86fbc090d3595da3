"""Fault 50: no deadline, a deadline already passed, a client that cancels half way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb

from kernel.rpc.client import explain
from tests.support.desk import CITIZEN, OFFICER, Desk
from tests.support.intake_samples import submission
from tests.support.models import INTAKE as MODEL

pytestmark = pytest.mark.faults
Code = grpc.StatusCode


@contextmanager
def busy_writer(desk: Desk) -> Iterator[None]:
    """Hold the desk's writer for as long as the block lasts, so that commands wait behind it."""
    held, release = threading.Event(), threading.Event()

    def hold(_uow: Any) -> None:
        held.set()
        release.wait(30)

    future = desk.writer.exclusive(hold)
    held.wait(30)
    try:
        yield
    finally:
        release.set()
        future.result(30)


def queued(desk: Desk) -> int:
    """Count the jobs that wait behind the one that the writer has in hand."""
    return desk.writer._jobs.qsize()


def stored(desk: Desk) -> dict[str, int]:
    """Count the rows of every table that a submission writes to, other than the keys."""
    tables = MODEL.tables

    def count(uow: Any) -> dict[str, int]:
        return {
            table.name: len(uow.connection.execute(table.select()).all())
            for table in (tables.events, tables.outbox, tables.requests, *MODEL.view_tables())
        }

    return desk.run(count)


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, ten seconds at most."""
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_command_without_deadline_is_not_begun(any_desk: Desk) -> None:
    """Without a deadline nothing is begun, and the answer says what is missing."""
    before = stored(any_desk)
    with pytest.raises(grpc.RpcError) as caught:
        any_desk.stub.SubmitDossier(submission(), metadata=CITIZEN)

    problem = explain(caught.value)
    assert problem.code == Code.INVALID_ARGUMENT
    assert list(problem.fields) == ["grpc-timeout"]
    assert stored(any_desk) == before


def test_a_deadline_that_passes_in_the_queue_leaves_nothing(any_desk: Desk) -> None:
    """A submission whose caller gave up while it waited is nowhere: no code, no event, no row."""
    before = stored(any_desk)
    with busy_writer(any_desk), pytest.raises(grpc.RpcError) as caught:
        any_desk.stub.SubmitDossier(submission(), timeout=0.3, metadata=CITIZEN)

    assert caught.value.code() == Code.DEADLINE_EXCEEDED
    assert stored(any_desk) == before
    assert any_desk.submit().dossier_code.endswith("-0001")


def test_a_client_that_cancels_in_the_queue_leaves_nothing(any_desk: Desk) -> None:
    """A submission that was cancelled while it waited is nowhere; those beside it are done."""
    before = stored(any_desk)
    with busy_writer(any_desk):
        left = [
            any_desk.stub.SubmitDossier.future(submission(), timeout=20, metadata=CITIZEN)
            for _ in range(8)
        ]
        kept = any_desk.stub.SubmitDossier.future(submission(), timeout=20, metadata=CITIZEN)
        wait_for(lambda: queued(any_desk) >= 9)
        for call in left:
            call.cancel()
        # answered by the server's loop, so by then the cancellations are there, too
        any_desk.call("ListProcedures", pb.ListProceduresRequest(), OFFICER)

    assert kept.result(20).dossier_code.endswith("-0001")
    assert len(any_desk.run(lambda uow: uow.query(MODEL.tables.events.select()).all())) == 1
    assert before["events"] == 0


def test_a_cancelled_request_can_be_sent_again(any_desk: Desk) -> None:
    """Whoever does not know what became of a request sends it again, and it is done once."""
    request = submission()
    with busy_writer(any_desk):
        call = any_desk.stub.SubmitDossier.future(request, timeout=20, metadata=CITIZEN)
        wait_for(lambda: queued(any_desk) >= 1)
        call.cancel()

    first = any_desk.stub.SubmitDossier(request, timeout=20, metadata=CITIZEN)
    second = any_desk.stub.SubmitDossier(request, timeout=20, metadata=CITIZEN)

    assert first.dossier_code == second.dossier_code
    assert stored(any_desk)["events"] == 1
