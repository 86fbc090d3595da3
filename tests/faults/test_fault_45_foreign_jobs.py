"""Fault 45: a partner asks for, acts on or reports about another partner's job."""

from __future__ import annotations

import json
import statistics
import time
import uuid
from collections.abc import Iterator
from io import StringIO
from typing import Any

import grpc
import pytest
from motcua.postal.v1 import postal_partner_pb2 as pb

from kernel.rpc.client import explain
from tests.support.logs import logged
from tests.support.postal_office import T0
from tests.support.postal_service import (
    SECOND,
    Serving,
    a_return,
    as_partner,
    delivery,
    new_id,
    take_request,
    tracking,
)

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0007"


def acts(serving: Serving, job_id: str) -> dict[str, Any]:
    """Return every call that names a job, as the second partner makes it."""
    stub, meta = serving.partner, as_partner(SECOND)
    requests = {
        stub.TakeJob: take_request(job_id),
        stub.RefuseJob: pb.RefuseJobRequest(
            request_id=new_id(), job_id=job_id, reason_code="other"
        ),
        stub.ReportTracking: tracking(job_id, T0),
        stub.ReportDelivered: delivery(job_id, T0),
        stub.ReportReturned: a_return(job_id, T0),
        stub.GetMyJob: pb.GetMyJobRequest(job_id=job_id),
        stub.AnswerChange: pb.AnswerChangeRequest(
            request_id=new_id(), job_id=job_id, number=1, accepted=True
        ),
    }
    return {
        type(request).__name__: lambda m=method, r=request: m(r, timeout=5, metadata=meta)
        for method, request in requests.items()
    }


def refused(act: Any) -> tuple[grpc.StatusCode, str]:
    """Call and give the status and text of the failure."""
    with pytest.raises(grpc.RpcError) as caught:
        act()
    problem = explain(caught.value)
    return problem.code, problem.text


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """The log of this process."""
    with logged("postal") as stream:
        yield stream


def test_another_partners_job_is_not_found_whatever_is_asked(
    serving: Serving,
    log_lines: StringIO,
) -> None:
    """Every method about one job gives NOT_FOUND in the same words as for a missing id, and leaves
    a line.
    """
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    answers = {
        refused(act)
        for target in (job_id, str(uuid.uuid4()))
        for act in acts(serving, target).values()
    }

    methods = pb.DESCRIPTOR.services_by_name["PostalPartnerService"].methods_by_name
    assert {name.removesuffix("Request") for name in acts(serving, job_id)} == set(methods) - {
        "StreamJobs",
        "ListMyJobs",
    }
    assert answers == {(grpc.StatusCode.NOT_FOUND, "There is no such job.")}
    assert len(serving.office.events(CODE)) == 2
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    noted = [line for line in lines if line["event"] == "postal.job_not_found"]
    assert {line["partner"] for line in noted} == {SECOND}
    assert job_id in {line["job_id"] for line in noted}


def test_the_time_of_the_answer_does_not_tell_whether_the_job_exists(
    serving: Serving,
) -> None:
    """Another's job and a missing one are answered equally fast, measured turn by turn."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    spent: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(60):
        for exists, target in ((True, job_id), (False, str(uuid.uuid4()))):
            act = acts(serving, target)["ReportTrackingRequest"]
            start = time.perf_counter()
            refused(act)
            spent[exists].append(time.perf_counter() - start)
    foreign, missing = statistics.median(spent[True]), statistics.median(spent[False])

    assert abs(foreign - missing) < 0.5 * missing + 0.001
