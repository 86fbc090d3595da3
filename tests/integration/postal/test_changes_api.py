"""What the office asks and partners answer, over gRPC: rights, the stream, repeats, fields."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1 import postal_pb2

from kernel.rpc.client import RpcProblem, explain
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.postal_office import T0, UNIT
from tests.support.postal_service import (
    FIRST,
    SECOND,
    Serving,
    as_partner,
    new_id,
    stream,
    take_request,
    tracking,
)

CODE = f"{UNIT}-210809-0007"
Code = grpc.StatusCode


def officer(unit: str = UNIT, role: str = "receptionist") -> Any:
    return metadata("officer", "an.nv", unit=unit, roles=[role])


def problem(call: Any, request: Any, who: Any) -> RpcProblem:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=10, metadata=who)
    return explain(caught.value)


def cancelling(job_id: str) -> postal_pb2.CancelJobRequest:
    return postal_pb2.CancelJobRequest(request_id=new_id(), job_id=job_id, reason="đến nhận")


def changing(job_id: str) -> postal_pb2.ChangeAddressRequest:
    to = postal_pb2.NewAddress(name="Vừ Mí Sính", address="Tổ 3", province="Lào Cai")
    return postal_pb2.ChangeAddressRequest(
        request_id=new_id(), job_id=job_id, reason="x", addressee=to
    )


def test_the_desk_of_the_unit_changes_a_job(serving: Serving) -> None:
    """And the desks above it; no other role, no other unit, no partner."""
    job_id = serving.office.resolve(CODE)
    for call, request in (
        (serving.postal.CancelJob, cancelling(job_id)),
        (serving.postal.ChangeAddress, changing(job_id)),
        (
            serving.postal.RecallItem,
            postal_pb2.RecallItemRequest(request_id=new_id(), job_id=job_id, reason="x"),
        ),
    ):
        foreign = problem(call, request, officer("H22.13"))
        assert (foreign.code, foreign.reason) == (Code.PERMISSION_DENIED, "NOT_YOUR_UNIT")
        assert problem(call, request, officer(role="clerk")).reason == "ROLE_MISSING"
        assert problem(call, request, as_partner()).code == Code.UNAUTHENTICATED
    wrong = problem(serving.postal.ChangeAddress, changing(job_id), metadata("operator", "op"))
    assert wrong.reason == "KIND_NOT_ALLOWED"
    serving.postal.ChangeAddress(changing(job_id), timeout=5, metadata=officer("H22.12"))
    answer = serving.postal.CancelJob(cancelling(job_id), timeout=5, metadata=officer("H22"))
    assert answer.state == postal_pb2.JOB_STATE_CANCELLED


def test_a_request_reaches_the_partner_by_its_stream(serving: Serving) -> None:
    """Within a second, also after a reconnection until it is answered; never another partner."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    with stream(serving) as got, stream(serving, SECOND) as foreign:
        serving.postal.ChangeAddress(changing(job_id), timeout=5, metadata=officer())
        wait_until(lambda: bool(got), 3, "the request")
    (request,) = got
    assert (request.change.job_id, request.change.addressee.province) == (job_id, "Lào Cai")
    assert foreign == []
    with stream(serving) as again:
        wait_until(lambda: bool(again), what="the request, once more")
    reply = pb.AnswerChangeRequest(request_id=new_id(), job_id=job_id, number=1, accepted=True)
    answers = [
        serving.partner.AnswerChange(reply, timeout=5, metadata=as_partner()) for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0].addressee.province == "Lào Cai"
    events = len(serving.office.events(CODE))
    assert serving.partner.AnswerChange(reply, timeout=5, metadata=as_partner()) == answers[0]
    assert len(serving.office.events(CODE)) == events


def test_a_repeated_wish_asks_once(serving: Serving) -> None:
    """The same request id gives the same number."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    wish = cancelling(job_id)
    answers = [serving.postal.CancelJob(wish, timeout=5, metadata=officer()) for _ in range(3)]
    assert [each.number for each in answers] == [1, 1, 1]
    shown = serving.postal.GetJob(
        postal_pb2.GetJobRequest(job_id=job_id), timeout=5, metadata=officer()
    )
    assert len(shown.changes) == 1


def test_wrong_fields_are_named(serving: Serving) -> None:
    """Among them the ground that a failed delivery needs."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    failed = tracking(job_id, T0, "EMH")
    assert set(problem(serving.partner.ReportTracking, failed, as_partner()).fields) == {
        "reason_code"
    }
    late = pb.AnswerChangeRequest(request_id=new_id(), job_id=job_id, number=1)
    assert set(problem(serving.partner.AnswerChange, late, as_partner()).fields) == {"reason_code"}
    day = pb.ListMyJobsRequest(day="2021-02-30")
    assert set(problem(serving.partner.ListMyJobs, day, as_partner()).fields) == {"day"}


def test_own_jobs_are_listed_in_pages(serving: Serving) -> None:
    """A partner's alone."""
    jobs = [serving.office.resolve(f"{CODE[:-1]}{n}") for n in range(3)]
    first = serving.partner.ListMyJobs(
        pb.ListMyJobsRequest(page_size=2), timeout=5, metadata=as_partner(FIRST)
    )
    rest = serving.partner.ListMyJobs(
        pb.ListMyJobsRequest(page_size=2, page_token=first.next_page_token),
        timeout=5,
        metadata=as_partner(FIRST),
    )
    assert sorted(each.job_id for each in [*first.jobs, *rest.jobs]) == sorted(jobs)
    assert rest.next_page_token == ""
    none = serving.partner.ListMyJobs(
        pb.ListMyJobsRequest(), timeout=5, metadata=as_partner(SECOND)
    )
    assert list(none.jobs) == []
