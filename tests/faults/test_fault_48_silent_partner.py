"""Faults 48, 49 and 53 over gRPC: silence, contradiction, and wrong item numbers."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from motcua.postal.v1 import postal_pb2

from kernel.base.instants import HOUR
from kernel.rpc.client import RpcProblem, explain
from tests.support.events import name_of
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.postal_office import LEASE, T0
from tests.support.postal_service import (
    FIRST,
    SECOND,
    Serving,
    a_return,
    as_partner,
    delivery,
    stream,
    take_request,
    tracking,
)

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0007"


def problem(method: Any, request: Any, who: str = FIRST) -> RpcProblem:
    """Call, expect a failure, and explain it."""
    with pytest.raises(grpc.RpcError) as caught:
        method(request, timeout=5, metadata=as_partner(who))
    return explain(caught.value)


def test_fault_48_a_silent_partner_loses_the_job(serving: Serving) -> None:
    """The lease ends, the job is offered again, and the late answer of the first is refused."""
    job_id = serving.office.resolve(CODE)
    stub = serving.partner
    stub.TakeJob(take_request(job_id), timeout=5, metadata=as_partner(FIRST))
    with stream(serving, SECOND) as got:
        serving.office.now += LEASE
        wait_until(lambda: bool(got), what="the offer to the second partner")
    late = [
        problem(stub.ReportTracking, tracking(job_id, T0)),
        problem(stub.ReportDelivered, delivery(job_id, T0)),
        problem(stub.TakeJob, take_request(job_id)),
    ]
    answer = stub.TakeJob(take_request(job_id), timeout=5, metadata=as_partner(SECOND))
    stub.ReportDelivered(
        delivery(job_id, serving.office.now, attempt=answer.attempt),
        timeout=5,
        metadata=as_partner(SECOND),
    )

    assert {(payload.code, payload.reason) for payload in late} == {
        (grpc.StatusCode.FAILED_PRECONDITION, "LEASE_LOST")
    }
    assert answer.attempt == 2
    names = [name_of(event) for event in serving.office.events(CODE)]
    assert names.count("PostalLeaseExpired") == 1
    assert names[-1] == "ItemDelivered"


def test_fault_49_contradictions_are_kept_and_shown_to_an_operator(
    serving: Serving,
) -> None:
    """Delivered, returned, in transit, repeated: one final state, every fact, one conflict."""
    job_id = serving.office.resolve(CODE)
    stub, meta = serving.partner, as_partner()
    stub.TakeJob(take_request(job_id), timeout=5, metadata=meta)
    serving.office.now += 8 * HOUR
    answers = [
        stub.ReportDelivered(delivery(job_id, T0 + 5 * HOUR), timeout=5, metadata=meta),
        stub.ReportReturned(a_return(job_id, T0 + 6 * HOUR), timeout=5, metadata=meta),
        stub.ReportTracking(tracking(job_id, T0 + 7 * HOUR, "EMG"), timeout=5, metadata=meta),
        stub.ReportReturned(a_return(job_id, T0 + 6 * HOUR), timeout=5, metadata=meta),
        stub.ReportTracking(tracking(job_id, T0 + HOUR, "EMA"), timeout=5, metadata=meta),
    ]
    operator = metadata("operator", "op")
    conflicts = postal_pb2.ListJobsRequest(conflict=True)
    (job,) = serving.postal.ListJobs(conflicts, timeout=5, metadata=operator).jobs
    shown = serving.postal.GetJob(
        postal_pb2.GetJobRequest(job_id=job_id), timeout=5, metadata=operator
    )

    assert [answer.contradicts for answer in answers] == [False, True, True, True, False]
    assert (job.job_id, job.state) == (job_id, postal_pb2.JOB_STATE_DELIVERED)
    assert [report.code for report in shown.reports] == ["EMA", "EMI", "RTS", "EMG"]


def test_fault_53_a_wrong_item_number_is_refused_with_the_digit_expected(
    serving: Serving,
) -> None:
    """A wrong digit names the right one; a number used before is a conflict."""
    one, two = serving.office.resolve(CODE), serving.office.resolve(f"{CODE[:-1]}8")
    stub = serving.partner
    wrong = problem(stub.TakeJob, take_request(one, item_number="RR123456784VN"))
    number = "RR123456785VN"
    stub.TakeJob(take_request(one, item_number=number), timeout=5, metadata=as_partner())
    used = problem(stub.TakeJob, take_request(two, item_number=number))
    mixed_up = problem(stub.ReportTracking, tracking(one, T0, item_number="RR000000005VN"))

    assert wrong.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "should be 5" in wrong.fields["item_number"]
    assert used.code == grpc.StatusCode.ALREADY_EXISTS
    assert mixed_up.reason == "ITEM_MISMATCH"
