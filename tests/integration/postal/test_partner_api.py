"""What partners and officers meet over gRPC."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1 import postal_pb2

from kernel.base.instants import HOUR, MINUTE
from kernel.rpc.client import RpcProblem, explain
from services.postal.partner_rpc import STREAMS
from tests.support.events import name_of
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.postal_office import PERSON, T0, UNIT
from tests.support.postal_service import (
    FIRST,
    SECOND,
    Serving,
    as_partner,
    delivery,
    new_id,
    stream,
    take_request,
    tracking,
)

CODE = "H22.12.03-210809-0007"
Code = grpc.StatusCode


def problem(call: object, *arguments: object, **options: object) -> RpcProblem:
    """Call, expect a failure, and explain it."""
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, timeout=10, **options)  # type: ignore[operator]
    return explain(caught.value)


def test_a_stream_gives_open_offers_and_follows(serving: Serving) -> None:
    """What is open comes first, new offers within a second, taken ones no more after a cursor."""
    jobs = [serving.office.resolve(f"{CODE[:-1]}{n}") for n in range(2)]
    with stream(serving) as got:
        wait_until(lambda: len(got) == 2, what="both open offers")
        jobs.append(serving.office.resolve(f"{CODE[:-1]}2"))
        wait_until(lambda: len(got) == 3, 3, "the new offer")
    serving.partner.TakeJob(take_request(jobs[1]), timeout=5, metadata=as_partner())

    assert [message.job.job_id for message in got] == jobs
    with stream(serving, cursor=got[0].cursor) as later:
        wait_until(lambda: bool(later), what="the offers behind the cursor")
    assert [message.job.job_id for message in later] == jobs[2:]
    with stream(serving, SECOND) as foreign:
        serving.office.resolve(f"{CODE[:-1]}3")
    assert foreign == []


def test_a_refused_job_appears_in_the_next_partners_stream(serving: Serving) -> None:
    """The second partner hears of it while it listens."""
    job_id = serving.office.resolve(CODE)
    with stream(serving, SECOND) as got:
        refusal = pb.RefuseJobRequest(request_id=new_id(), job_id=job_id, reason_code="not_served")
        serving.partner.RefuseJob(refusal, timeout=5, metadata=as_partner())
        wait_until(lambda: bool(got), what="the offer to the second partner")

    assert got[0].job.job_id == job_id


def test_one_partner_cannot_take_all_streams(serving: Serving) -> None:
    """Past eight open streams a partner is refused; the others are not."""
    with ExitStack() as stack:
        serving.office.resolve(CODE)
        got = [stack.enter_context(stream(serving)) for _ in range(STREAMS)]
        wait_until(lambda: all(got), what="eight open streams")
        ninth = serving.partner.StreamJobs(
            pb.StreamJobsRequest(), timeout=5, metadata=as_partner(FIRST)
        )
        with pytest.raises(grpc.RpcError) as caught:
            next(ninth)
        refusal = pb.RefuseJobRequest(
            request_id=new_id(), job_id=got[0][0].job.job_id, reason_code="other"
        )
        serving.partner.RefuseJob(refusal, timeout=5, metadata=as_partner(FIRST))
        other = stack.enter_context(stream(serving, SECOND))
        wait_until(lambda: bool(other), what="the other partner's stream")

    assert explain(caught.value).code == Code.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("cursor", ["nonsense", "MTpjaHV5ZW5waGF0OjE", "=", "é"])
def test_a_cursor_that_was_not_given_to_this_partner_is_refused(
    serving: Serving, cursor: str
) -> None:
    """Garbage and another partner's cursor are a wrong request, not an empty stream."""
    call = serving.partner.StreamJobs(
        pb.StreamJobsRequest(cursor=cursor), timeout=5, metadata=as_partner()
    )
    with pytest.raises(grpc.RpcError) as caught:
        next(call)

    assert explain(caught.value).code == Code.INVALID_ARGUMENT
    assert list(explain(caught.value).fields) == ["cursor"]


def test_the_address_is_in_the_answer_and_in_no_file(serving: Serving, tmp_path: Path) -> None:
    """TakeJob shows the person; neither the stored answer nor anything else keeps a clear word."""
    job_id = serving.office.resolve(CODE)
    request = take_request(job_id)
    first = serving.partner.TakeJob(request, timeout=5, metadata=as_partner())
    again = serving.partner.TakeJob(request, timeout=5, metadata=as_partner())
    serving.office.now += HOUR
    report = delivery(job_id, T0 + HOUR, receiver_name="Giàng Mí Sình")
    serving.partner.ReportDelivered(report, timeout=5, metadata=as_partner())

    assert first.addressee.name == PERSON.full_name
    assert first == again
    files = b"".join(path.read_bytes() for path in tmp_path.glob("postal*"))
    for clear in (PERSON.full_name, PERSON.phone, PERSON.address, "Giàng Mí Sình"):
        assert clear.encode() not in files


def test_the_first_answer_given_again_holds_no_address_once_the_job_is_lost(
    serving: Serving,
) -> None:
    """A repeated TakeJob after the lease has ended repeats the answer but not the person."""
    job_id = serving.office.resolve(CODE)
    request = take_request(job_id)
    first = serving.partner.TakeJob(request, timeout=5, metadata=as_partner())
    serving.office.now += 25 * HOUR
    wait_until(
        lambda: name_of(serving.office.events(CODE)[-1]) == "PostalLeaseExpired", what="the watch"
    )
    again = serving.partner.TakeJob(request, timeout=5, metadata=as_partner())

    assert again.attempt == first.attempt
    assert not again.HasField("addressee")


def test_wrong_requests_name_every_wrong_field(serving: Serving) -> None:
    """Both languages, all fields at once, and nothing happens."""
    job_id = serving.office.resolve(CODE)
    bad = pb.ReportDeliveredRequest(request_id="x", job_id=job_id, proof_sha256="AB")
    rpc_problem = problem(serving.partner.ReportDelivered, bad, metadata=as_partner(language="vi"))
    failed = tracking(job_id, T0, "EMH")
    ground = problem(serving.partner.ReportTracking, failed, metadata=as_partner())

    assert rpc_problem.code == ground.code == Code.INVALID_ARGUMENT
    assert {"request_id", "attempt", "report_id", "happened_at", "proof_sha256"} <= set(
        rpc_problem.fields
    )
    assert "phải" in rpc_problem.text
    assert len(serving.office.events(CODE)) == 1


def test_fault_53_a_wrong_item_number_is_refused_and_a_printed_one_taken(serving: Serving) -> None:
    """The right check digit is named; small letters and printed blanks make no other number."""
    job_id = serving.office.resolve(CODE)
    wrong = take_request(job_id, item_number="RR123456784VN")
    refused = problem(serving.partner.TakeJob, wrong, metadata=as_partner())
    nowhere = take_request(job_id, item_number="RR123456785XX")
    assert "should be 5" in refused.fields["item_number"]
    assert "item_number" in problem(serving.partner.TakeJob, nowhere, metadata=as_partner()).fields

    typed = take_request(job_id, item_number="rr 12345678 5 vn")
    taken = serving.partner.TakeJob(typed, timeout=20, metadata=as_partner())
    assert taken.item_number == "RR123456785VN"
    scanned = tracking(job_id, T0, "emg", item_number="RR123456784VN")
    refused = problem(serving.partner.ReportTracking, scanned, metadata=as_partner())
    assert "should be 5" in refused.fields["item_number"]


def test_nothing_is_reported_before_the_job_or_after_now(serving: Serving) -> None:
    """A clock that is a little slow is no matter; years and an hour are."""
    job_id = serving.office.resolve(CODE)
    taken = serving.partner.TakeJob(take_request(job_id), timeout=20, metadata=as_partner())
    for at in (T0 - HOUR, T0 + 24 * HOUR, 978_307_200_000_000):
        report = tracking(job_id, at)
        refused = problem(serving.partner.ReportTracking, report, metadata=as_partner())
        assert (refused.code, list(refused.fields)) == (Code.INVALID_ARGUMENT, ["happened_at"])
    serving.partner.ReportTracking(
        tracking(job_id, T0 - MINUTE, attempt=taken.attempt), timeout=20, metadata=as_partner()
    )


def test_partners_and_the_office_do_not_call_each_others_service(serving: Serving) -> None:
    """An officer is nobody to the partner's service, and a partner is nobody to the office's."""
    job_id = serving.office.resolve(CODE)
    mine = problem(
        serving.partner.GetMyJob, pb.GetMyJobRequest(job_id=job_id), metadata=metadata("officer")
    )
    theirs = problem(
        serving.postal.GetJob, postal_pb2.GetJobRequest(job_id=job_id), metadata=as_partner()
    )

    assert mine.code == Code.UNAUTHENTICATED
    assert theirs.code == Code.UNAUTHENTICATED


def test_officers_see_the_person_and_operators_do_not(serving: Serving) -> None:
    """GetJob opens the address for officers; an operator sees where the job stands."""
    job_id = serving.office.resolve(CODE)
    request = postal_pb2.GetJobRequest(dossier_code=CODE)
    an = metadata("officer", "an.nv", unit="H22.12")
    officer = serving.postal.GetJob(request, timeout=5, metadata=an)
    operator = serving.postal.GetJob(request, timeout=5, metadata=metadata("operator", "op"))

    assert officer.addressee.name == PERSON.full_name
    assert officer.job == operator.job
    assert operator.job.job_id == job_id
    assert not operator.HasField("addressee")
    neither = problem(
        serving.postal.GetJob, postal_pb2.GetJobRequest(), metadata=metadata("officer")
    )
    assert neither.code == Code.INVALID_ARGUMENT


def test_another_unit_does_not_see_the_person(serving: Serving) -> None:
    """Where the item is collected, and above, the job is shown; elsewhere it is refused and not
    listed.
    """
    job_id = serving.office.resolve(CODE)
    request, all_ = postal_pb2.GetJobRequest(job_id=job_id), postal_pb2.ListJobsRequest()
    for unit in ("H22", "H22.12", "H22.12.03", "H30", ""):
        who = metadata("officer", "an.nv", unit=unit)
        listed = [j.job_id for j in serving.postal.ListJobs(all_, timeout=5, metadata=who).jobs]
        if unit and (unit == UNIT or UNIT.startswith(f"{unit}.")):
            assert serving.postal.GetJob(request, timeout=5, metadata=who).job.unit == UNIT
            assert job_id in listed
        else:
            denied = problem(serving.postal.GetJob, request, metadata=who)
            assert (denied.code, denied.reason) == (Code.PERMISSION_DENIED, "NOT_YOUR_UNIT")
            assert job_id not in listed


def test_an_operator_offers_a_refused_job_again(serving: Serving) -> None:
    """Listed as unserved, offered by hand, taken: the whole way over gRPC."""
    job_id = serving.office.resolve(CODE)
    for who in (FIRST, SECOND):
        refusal = pb.RefuseJobRequest(request_id=new_id(), job_id=job_id, reason_code="other")
        serving.partner.RefuseJob(refusal, timeout=5, metadata=as_partner(who))
    operator = metadata("operator", "op")
    unserved = postal_pb2.ListJobsRequest(state=postal_pb2.JOB_STATE_UNSERVED)
    assert [j.job_id for j in serving.postal.ListJobs(unserved, timeout=5, metadata=operator).jobs]
    again = postal_pb2.ReofferJobRequest(
        request_id=new_id(), job_id=job_id, partner_id=SECOND, reason="agreed"
    )
    serving.postal.ReofferJob(again, timeout=5, metadata=operator)

    taken = serving.partner.TakeJob(take_request(job_id), timeout=5, metadata=as_partner(SECOND))
    assert taken.attempt == 1
    partners = serving.postal.ListPartners(
        postal_pb2.ListPartnersRequest(), timeout=5, metadata=operator
    ).partners
    assert [(p.partner_id, p.taken) for p in partners] == [(FIRST, 0), (SECOND, 1)]
