"""Fault 47: the same request_id twice, also in parallel, also after the database was lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from kernel.rpc.client import explain
from services.postal.tables import KERNEL
from tests.support.postal_office import T0
from tests.support.postal_service import (
    FIRST,
    SECOND,
    Serving,
    as_partner,
    delivery,
    take_request,
    tracking,
)

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0007"


def forget_answers(serving: Serving) -> None:
    """Lose the stored answers, as a rebuild from the log does."""
    serving.office.writer.exclusive(
        lambda uow: uow.connection.execute(KERNEL.requests.delete())
    ).result()


def test_parallel_repeats_have_one_effect_and_one_answer(serving: Serving) -> None:
    """Sixteen equal requests at once take the job once."""
    request = take_request(serving.office.resolve(CODE))
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(
                lambda _: serving.partner.TakeJob(request, timeout=10, metadata=as_partner()),
                range(16),
            )
        )

    assert all(answer == answers[0] for answer in answers)
    assert len(serving.office.events(CODE)) == 2


def test_parallel_reports_with_one_report_id_are_kept_once(
    serving: Serving,
) -> None:
    """A partner that sends the same report under many request ids gets one event."""
    job_id = serving.office.resolve(CODE)
    serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner())
    reports = [tracking(job_id, T0, report_id="r1") for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(
                lambda r: serving.partner.ReportTracking(r, timeout=10, metadata=as_partner()),
                reports,
            )
        )

    assert len(serving.office.events(CODE)) == 3


def test_one_id_for_two_contents_is_refused(serving: Serving) -> None:
    """The same request id with another body, or for another method, is ALREADY_EXISTS."""
    job_id = serving.office.resolve(CODE)
    first = take_request(job_id)
    serving.partner.TakeJob(first, timeout=5, metadata=as_partner())
    other = take_request(job_id, item_number="RR123456785VN")
    report = tracking(job_id, T0)
    other.request_id = report.request_id = first.request_id

    for method, request in (
        (serving.partner.TakeJob, other),
        (serving.partner.ReportTracking, report),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            method(request, timeout=5, metadata=as_partner())
        assert explain(caught.value).code == grpc.StatusCode.ALREADY_EXISTS
    assert len(serving.office.events(CODE)) == 2


def test_one_id_from_two_partners_tells_the_second_nothing(
    serving: Serving,
) -> None:
    """Whoever repeats another partner's request gets neither the address nor an effect."""
    job_id = serving.office.resolve(CODE)
    request = take_request(job_id)
    serving.partner.TakeJob(request, timeout=5, metadata=as_partner(FIRST))
    with pytest.raises(grpc.RpcError) as caught:
        serving.partner.TakeJob(request, timeout=5, metadata=as_partner(SECOND))
    forget_answers(serving)
    with pytest.raises(grpc.RpcError) as later:
        serving.partner.TakeJob(request, timeout=5, metadata=as_partner(SECOND))

    assert explain(caught.value).code == grpc.StatusCode.ALREADY_EXISTS
    assert explain(later.value).code == grpc.StatusCode.ALREADY_EXISTS
    assert len(serving.office.events(CODE)) == 2


def test_a_repeat_after_a_rebuild_gets_the_first_answer_from_the_events(
    serving: Serving,
) -> None:
    """With the stored answers gone, every command still acts once and says the same."""
    job_id = serving.office.resolve(CODE)
    steps = [
        (serving.partner.TakeJob, take_request(job_id)),
        (serving.partner.ReportTracking, tracking(job_id, T0)),
        (serving.partner.ReportDelivered, delivery(job_id, T0 + 1)),
        (serving.partner.ReportTracking, tracking(job_id, T0 + 2, "EMG")),
    ]
    first = [method(r, timeout=5, metadata=as_partner()) for method, r in steps]
    before = len(serving.office.events(CODE))
    forget_answers(serving)
    again = [method(r, timeout=5, metadata=as_partner()) for method, r in steps]

    first[0].ClearField("addressee")  # the job has ended: the address is not shown any more
    assert again == first
    assert again[3].contradicts
    assert len(serving.office.events(CODE)) == before
