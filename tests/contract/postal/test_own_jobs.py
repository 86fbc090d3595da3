"""What a partner sees of its jobs: the counter, its hours, money to collect; lists of them."""

from typing import Any

import pytest
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb

from kernel.base.errors import Invalid
from kernel.base.instants import DAY, HOUR, isoformat, to_timestamp, to_us
from tests.support.postal_office import T0, UNIT, NewOffice, PostalOffice

CODE = f"{UNIT}-210809-0007"
FEES = FeesDue(timing=FeeTiming.FEE_TIMING_AFTER, phi=100_000, le_phi=20_000)


@pytest.fixture
def office(new_office: NewOffice) -> PostalOffice:
    return new_office()


def take(office: PostalOffice, job_id: str) -> partner_pb.TakeJobResponse:
    answer = office.do(partner_pb.TakeJobRequest(job_id=job_id))
    return office.complete(answer, "buudien")


def deliver(office: PostalOffice, job_id: str, **more: Any) -> None:
    office.now += HOUR
    office.do(
        partner_pb.ReportDeliveredRequest(
            job_id=job_id,
            attempt=1,
            report_id="pod",
            happened_at=to_timestamp(office.now),
            proof_sha256="0" * 64,
            **more,
        )
    )


def offer(office: PostalOffice) -> partner_pb.OfferedJob:
    ((_, found),) = office.ask(lambda c: office.queries.offered(c, "buudien", 0))
    job: partner_pb.OfferedJob = found.job
    return job


def own(office: PostalOffice, who: str = "buudien", **filters: Any) -> Any:
    request = partner_pb.ListMyJobsRequest(**filters)
    return office.ask(lambda c: office.queries.own_jobs(c, who, request))


def job(office: PostalOffice, job_id: str) -> pb.Job:
    request = pb.GetJobRequest(job_id=job_id)
    found = office.ask(lambda c: office.queries.job(c, request, "vi", personal=False))
    shown: pb.Job = found.job
    return shown


def test_a_job_says_where_and_when_it_is_collected(office: PostalOffice) -> None:
    """Name, address and phone of the unit, and the hours of a week by the office's calendar."""
    job_id = office.resolve(CODE)
    offered = offer(office).pickup
    for point in (offered, take(office, job_id).pickup):
        assert point.name == "Ủy ban nhân dân phường Trần Phú"
        assert point.address.startswith("Số 24 đường Nguyễn Thái Học")
        assert point.phone == "02193866113"
    zone = "Asia/Ho_Chi_Minh"
    hours = [
        (
            isoformat(to_us(getattr(each, "from")), zone)[:16],
            isoformat(to_us(each.until), zone)[11:16],
        )
        for each in offered.open
    ]
    assert hours[:3] == [
        ("2021-08-09T07:00", "11:30"),
        ("2021-08-09T13:30", "17:00"),
        ("2021-08-10T07:00", "11:30"),
    ]
    assert not [day for day, _ in hours if day.startswith(("2021-08-14", "2021-08-15"))]


def test_what_is_owed_is_to_be_collected(office: PostalOffice) -> None:
    """Before the job is taken, the offer has what the dossier owes by then."""
    job_id = office.resolve(CODE, fees=FEES)
    assert offer(office).collect == pb.Money(phi=100_000, le_phi=20_000, total=120_000)
    office.foreign(CODE, "intake", FeeRecorded(phi=40_000))
    office.foreign(CODE, "intake", FeeRecorded(phi=60_000))
    office.foreign(CODE, "intake", FeeCancelled(sequence=3))
    office.read()
    assert offer(office).collect.total == 80_000
    assert take(office, job_id).collect == pb.Money(phi=60_000, le_phi=20_000, total=80_000)
    assert job(office, job_id).collect.total == 80_000
    office.foreign(CODE, "intake", FeeRecorded(phi=60_000, le_phi=20_000))
    office.read()
    assert not office.ask(lambda c: office.queries.own(c, "buudien", job_id, "vi")).HasField(
        "collect"
    )


def test_who_is_exempt_pays_nothing(office: PostalOffice) -> None:
    """Nor does one who has paid, or owes nothing."""
    job_id = office.resolve(CODE, fees=FEES)
    office.foreign(CODE, "intake", FeeRecorded(exempt_group="tre-em"))
    office.read()
    assert not offer(office).HasField("collect")
    assert not take(office, job_id).HasField("collect")
    assert not take(office, office.resolve(f"{UNIT}-210809-0008")).HasField("collect")


def test_a_collection_is_recorded(office: PostalOffice) -> None:
    """With its receipts; one that differs from what was to be collected is shown to the office."""
    whole = office.resolve(CODE, fees=FEES)
    nothing = office.resolve(f"{UNIT}-210809-0008", fees=FEES)
    for job_id in (whole, nothing):
        take(office, job_id)
    money = pb.Money(phi=100_000, le_phi=20_000)
    for wrong, field in (
        ({"collected": money}, "phi_receipt"),
        ({"collected": pb.Money(phi=1, total=2), "phi_receipt": "B-1"}, "collected.total"),
    ):
        with pytest.raises(Invalid) as no:
            deliver(office, whole, **wrong)
        assert no.value.violations[0].field == field
    deliver(office, whole, collected=money, phi_receipt="B-1", le_phi_receipt="B-2")
    deliver(office, nothing)
    found = job(office, whole)
    assert (found.collected.total, found.money_differs) == (120_000, False)
    found = job(office, nothing)
    assert (found.collect.total, found.collected.total, found.money_differs) == (120_000, 0, True)
    assert {each.collected.total for each in own(office).jobs} == {0, 120_000}


def test_a_payment_at_the_counter_lowers_what_a_delivery_brings_in(office: PostalOffice) -> None:
    """A partner that collects what it was told last did it right; what the desk had already is
    shown, whichever the office hears of first.
    """
    early, late = office.resolve(CODE, fees=FEES), office.resolve(f"{UNIT}-210809-0008", fees=FEES)
    for job_id in (early, late):
        assert take(office, job_id).collect.total == 120_000
    office.foreign(CODE, "intake", FeeRecorded(phi=100_000, method="cash"))
    office.read()
    shown = office.ask(lambda c: office.queries.own(c, "buudien", early, "vi")).collect
    assert shown == pb.Money(le_phi=20_000, total=20_000)
    deliver(office, early, collected=shown, le_phi_receipt="B-1")
    deliver(
        office,
        late,
        collected=pb.Money(phi=100_000, le_phi=20_000),
        phi_receipt="B-2",
        le_phi_receipt="B-3",
    )
    office.foreign(CODE, "intake", FeeRecorded(le_phi=20_000, method="post"))
    office.foreign(f"{UNIT}-210809-0008", "intake", FeeRecorded(phi=100_000, method="cash"))
    office.read()
    found = job(office, early)
    assert (found.collect.total, found.collected.total, found.money_differs) == (
        *(20_000, 20_000),
        False,
    )
    assert {each.collect.total for each in own(office).jobs} == {20_000, 120_000}
    assert job(office, late).money_differs


def test_own_jobs_by_state_day_and_page(office: PostalOffice) -> None:
    """Oldest first, in pages; those of another partner are not there."""
    jobs = []
    for number in range(5):
        jobs.append(office.resolve(f"{UNIT}-210809-000{number}"))
        office.now += DAY // 2
    take(office, jobs[0])
    office.do(partner_pb.RefuseJobRequest(job_id=jobs[4], reason_code="not_served"))

    def ids(**filters: Any) -> list[str]:
        return [each.job_id for each in own(office, **filters).jobs]

    assert ids() == jobs[:4]
    assert ids(state=pb.JOB_STATE_TAKEN) == jobs[:1]
    assert ids(day="2021-08-10") == jobs[2:4]
    assert ids(day="2021-08-10", state=pb.JOB_STATE_TAKEN) == []
    first = own(office, page_size=3)
    assert [each.job_id for each in first.jobs] == jobs[:3]
    assert ids(page_size=3, page_token=first.next_page_token) == jobs[3:4]
    for wrong in ({"page_token": "x"}, {"day": "2021-02-30"}, {"day": "9999-12-31"}):
        with pytest.raises(Invalid):
            own(office, **wrong)
    assert [each.job_id for each in own(office, "chuyenphat").jobs] == jobs[4:]
    assert (T0, own(office).jobs[0].unit) == (to_us(own(office).jobs[0].created_at), UNIT)


def test_a_failed_delivery_without_a_reason_names_the_field(office: PostalOffice) -> None:
    """As every wrong field of a request is named."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    request = partner_pb.ReportTrackingRequest(
        job_id=job_id, attempt=1, report_id="1", code="EMH", happened_at=to_timestamp(office.now)
    )
    with pytest.raises(Invalid) as no:
        office.do(request)
    (wrong,) = no.value.violations
    assert (wrong.field, wrong.en) == ("reason_code", "is required for EMH")
