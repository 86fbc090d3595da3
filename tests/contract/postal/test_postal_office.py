"""The postal service's promises, on SQLite and PostgreSQL."""

import hashlib
import uuid

import pytest
from motcua.events.v1.common_pb2 import ActorKind, ResultChannel
from motcua.intake.v1.dossier_events_pb2 import ResultReturned
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.job_events_pb2 import PostalJobCreated

from kernel.base.errors import AlreadyExists, Invalid, NotFound, Refused
from kernel.base.instants import HOUR, to_timestamp, to_us
from kernel.crypto.keyring import ERASED
from services.postal.domain import s10
from services.postal.queries.cursors import read_stream_cursor
from tests.support.events import payload_of
from tests.support.postal_office import LEASE, PERSON, T0, NewOffice, PostalOffice

CODE = "H22.12.03-210809-0007"
PROOF = hashlib.sha256(b"signature").hexdigest()
OPERATOR = ActorKind.ACTOR_KIND_OPERATOR


def take(
    office: PostalOffice, job_id: str, who: str = "buudien", item: str = ""
) -> partner_pb.TakeJobResponse:
    answer: partner_pb.TakeJobResponse = office.do(
        partner_pb.TakeJobRequest(job_id=job_id, item_number=item), who
    )
    return answer


def refuse(office: PostalOffice, job_id: str, who: str, attempt: int = 0) -> None:
    request = partner_pb.RefuseJobRequest(
        job_id=job_id, reason_code="not_served", reason="too far", attempt=attempt
    )
    office.do(request, who)


def track(
    office: PostalOffice,
    job_id: str,
    code: str,
    at: int,
    who: str = "buudien",
    attempt: int = 1,
    **more: str,
) -> bool:
    office.now = max(office.now, at)
    request = partner_pb.ReportTrackingRequest(
        job_id=job_id,
        attempt=attempt,
        report_id=more.pop("report_id", f"{code}-{at}"),
        code=code,
        happened_at=to_timestamp(at),
        **more,
    )
    return bool(office.do(request, who).contradicts)


def deliver(
    office: PostalOffice,
    job_id: str,
    at: int,
    who: str = "buudien",
    attempt: int = 1,
    receiver: str = "",
) -> bool:
    office.now = max(office.now, at)
    request = partner_pb.ReportDeliveredRequest(
        job_id=job_id,
        attempt=attempt,
        report_id="pod",
        happened_at=to_timestamp(at),
        proof_sha256=PROOF,
        receiver_name=receiver,
    )
    return bool(office.do(request, who).contradicts)


def bring_back(office: PostalOffice, job_id: str, at: int, attempt: int = 1) -> bool:
    office.now = max(office.now, at)
    request = partner_pb.ReportReturnedRequest(
        job_id=job_id,
        attempt=attempt,
        report_id="rts",
        happened_at=to_timestamp(at),
        reason_code="unclaimed",
    )
    return bool(office.do(request).contradicts)


def show(office: PostalOffice, job_id: str, *, personal: bool = True) -> pb.GetJobResponse:
    request = pb.GetJobRequest(job_id=job_id)
    answer: pb.GetJobResponse = office.ask(
        lambda c: office.queries.job(c, request, "en", personal=personal)
    )
    return answer


def listed(office: PostalOffice, **filters: object) -> list[str]:
    request = pb.ListJobsRequest(**filters)  # type: ignore[arg-type]
    return [job.job_id for job in office.ask(lambda c: office.queries.jobs(c, request)).jobs]


def test_a_result_by_post_becomes_one_job_whose_id_follows_from_its_cause(
    office: PostalOffice,
) -> None:
    """It repeats the applicant's sealed data, names its cause, and is offered to one partner."""
    job_id = office.resolve(CODE)
    (event,) = office.events(CODE)
    cause = office.log[1].value

    assert uuid.UUID(job_id).version == 5
    assert event.causation_id.encode() in (cause or b"")
    assert event.correlation_id == f"corr-{CODE}"
    assert payload_of(event, PostalJobCreated).partner_id == "buudien"
    assert show(office, job_id).addressee.name == PERSON.full_name
    assert office.read().repeats == 1  # its own event, met in the log


@pytest.mark.parametrize(
    ("channel", "imported_from"),
    [
        (ResultChannel.RESULT_CHANNEL_COUNTER, ""),
        (ResultChannel.RESULT_CHANNEL_ONLINE, ""),
        (ResultChannel.RESULT_CHANNEL_POST, "receipt"),
    ],
)
def test_other_results_and_imported_dossiers_make_no_job(
    office: PostalOffice, channel: ResultChannel, imported_from: str
) -> None:
    """Only what the post must carry is offered to a partner."""
    assert office.resolve(CODE, channel, imported_from=imported_from) == ""


def test_an_offer_shows_nothing_personal_but_the_province(office: PostalOffice) -> None:
    """The stream names the unit and the province; its cursor follows the offers."""
    job_id = office.resolve(CODE)
    ((number, offer),) = office.ask(lambda c: office.queries.offered(c, "buudien", 0))

    assert (offer.job.job_id, offer.job.province) == (job_id, "Hà Giang")
    for personal in (PERSON.full_name, PERSON.phone, PERSON.address, PERSON.district):
        assert personal.encode() not in offer.SerializeToString()
    assert read_stream_cursor(offer.cursor, "buudien") == number
    assert office.ask(lambda c: office.queries.offered(c, "buudien", number)) == []
    assert office.ask(lambda c: office.queries.offered(c, "chuyenphat", 0)) == []


def test_taking_gives_lease_number_and_address_and_stores_no_address_in_clear(
    office: PostalOffice,
) -> None:
    """The holder alone sees the address, while it holds the job; the stored answer lacks it."""
    job_id = office.resolve(CODE)
    answer = take(office, job_id)

    assert (answer.attempt, answer.item_number) == (1, s10.item_number(10_000_000))
    assert to_us(answer.lease_until) == T0 + LEASE
    assert not answer.HasField("addressee")
    held = office.complete(answer, "buudien").addressee
    assert (held.name, held.district) == (PERSON.full_name, PERSON.district)
    assert not office.complete(answer, "chuyenphat").HasField("addressee")
    deliver(office, job_id, T0 + HOUR)
    assert not office.complete(answer, "buudien").HasField("addressee")


def test_taking_again_gives_the_same_and_costs_nothing(office: PostalOffice) -> None:
    """A holder that takes again, under a new request, gets the same attempt, number and lease."""
    job_id = office.resolve(CODE)
    first = take(office, job_id)
    office.now += HOUR

    assert take(office, job_id) == first
    assert len(office.events(CODE)) == 2


def test_numbers_of_a_partner_follow_each_other_and_skip_what_it_brought(
    office: PostalOffice,
) -> None:
    """Serials are the highest plus one; one that the partner brought itself is left out."""
    jobs = [office.resolve(f"{CODE[:-1]}{n}") for n in range(3)]
    brought = take(office, jobs[0], item=s10.item_number(10_000_001))
    given = [take(office, job).item_number for job in jobs[1:]]

    assert brought.item_number[2:10] == "10000001"
    assert [number[2:10] for number in given] == ["10000000", "10000002"]


def test_fault_53_a_used_item_number_is_refused(office: PostalOffice) -> None:
    """A second use is a conflict, and nothing is taken."""
    one, two = office.resolve(CODE), office.resolve(f"{CODE[:-1]}8")
    take(office, one, item="RR123456785VN")

    with pytest.raises(AlreadyExists):
        take(office, two, item="RR123456785VN")
    assert show(office, two).job.state == pb.JOB_STATE_OFFERED


def test_fault_45_another_partners_job_is_not_found_like_a_missing_one(
    office: PostalOffice,
) -> None:
    """Every act of another partner on a job fails in the same words as for an id that never was."""
    job_id, nothing = office.resolve(CODE), str(uuid.uuid4())
    take(office, job_id)
    texts = set()
    for target in (job_id, nothing):
        for act in (
            lambda t=target: take(office, t, "chuyenphat"),
            lambda t=target: refuse(office, t, "chuyenphat"),
            lambda t=target: track(office, t, "EMA", T0, "chuyenphat"),
            lambda t=target: deliver(office, t, T0, "chuyenphat"),
            lambda t=target: office.ask(lambda c: office.queries.own(c, "chuyenphat", t, "en")),
        ):
            with pytest.raises(NotFound) as caught:
                act()
            texts.add((caught.value.vi, caught.value.en))

    assert len(texts) == 1
    assert len(office.events(CODE)) == 2


def test_fault_48_a_silent_partner_loses_the_job_and_its_late_answer_is_refused(
    office: PostalOffice,
) -> None:
    """The lease ends once; the next partner is asked and delivers; the first gets LEASE_LOST."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    office.now += LEASE

    assert [office.look_at_leases(), office.look_at_leases()] == [1, 0]
    expired = office.events(CODE)[-1]
    assert to_us(expired.occurred_at) == T0 + LEASE
    assert expired.causation_id == office.events(CODE)[1].event_id
    for late in (
        lambda: track(office, job_id, "EMA", T0 + HOUR),
        lambda: deliver(office, job_id, T0 + HOUR),
        lambda: bring_back(office, job_id, T0 + HOUR),
        lambda: take(office, job_id),
        lambda: office.ask(lambda c: office.queries.own(c, "buudien", job_id, "en")),
    ):
        with pytest.raises(Refused) as caught:
            late()
        assert caught.value.code == "LEASE_LOST"
    assert take(office, job_id, "chuyenphat").attempt == 2
    deliver(office, job_id, office.now, "chuyenphat", 2)
    assert show(office, job_id).job.state == pb.JOB_STATE_DELIVERED
    office.now += 9 * LEASE
    assert office.look_at_leases() == 0


def test_when_all_refuse_the_job_waits_for_a_person_who_offers_it_again(
    office: PostalOffice,
) -> None:
    """Refused by both, the job is listed as unserved; re-offered, it stands in the stream anew."""
    job_id = office.resolve(CODE)
    refuse(office, job_id, "buudien")
    refuse(office, job_id, "chuyenphat")

    assert listed(office, state=pb.JOB_STATE_UNSERVED) == [job_id]
    assert [r.partner_id for r in show(office, job_id).refusals] == ["buudien", "chuyenphat"]
    again = pb.ReofferJobRequest(job_id=job_id, reason="they agreed by phone")
    assert office.do(again, "an.nv", OPERATOR).partner_id == "buudien"
    ((number, offer),) = office.ask(lambda c: office.queries.offered(c, "buudien", 1))
    assert (number, offer.job.job_id) == (2, job_id)
    with pytest.raises(Invalid, match="no such partner"):
        office.do(
            pb.ReofferJobRequest(job_id=job_id, partner_id="zz", reason="x"),
            "an.nv",
            OPERATOR,
        )


def test_a_delivery_ends_the_job_with_its_proof_and_a_sealed_receiver(office: PostalOffice) -> None:
    """The receiver's name is readable by an officer only, and nowhere in the database in clear."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    deliver(office, job_id, T0 + HOUR, receiver="Giàng Mí Sình")
    shown = show(office, job_id)

    assert (shown.job.state, shown.job.proof_sha256) == (pb.JOB_STATE_DELIVERED, PROOF)
    assert shown.receiver == "Giàng Mí Sình"
    assert not show(office, job_id, personal=False).HasField("addressee")
    assert show(office, job_id, personal=False).receiver == ""
    for record in office.log:
        assert "Giàng".encode() not in (record.value or b"")


def test_fault_49_contradicting_reports_are_kept_and_shown_whichever_came_first(
    office: PostalOffice,
) -> None:
    """Delivered then returned, or said to be delivered and then returned: both are conflicts."""
    one, two, fine = (office.resolve(f"{CODE[:-1]}{n}") for n in range(3))
    for job in (one, two, fine):
        take(office, job)
    deliver(office, one, T0 + HOUR)

    assert bring_back(office, one, T0 + 2 * HOUR)
    assert track(office, one, "EMG", T0 + 3 * HOUR)
    track(office, two, "EMI", T0 + HOUR)
    assert not bring_back(office, two, T0 + 2 * HOUR)
    assert not deliver(office, fine, T0 + HOUR)
    assert show(office, one).job.state == pb.JOB_STATE_DELIVERED
    assert show(office, two).job.state == pb.JOB_STATE_RETURNED
    assert sorted(listed(office, conflict=True)) == sorted([one, two])
    assert [r.contradicts for r in show(office, one).reports] == [False, True, True]


def test_erased_personal_data_leaves_every_job_readable(office: PostalOffice) -> None:
    """After the key is destroyed the same answers come with the words for erased data."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    office.keyring.destroy(CODE)

    assert show(office, job_id).addressee.name == ERASED
    assert office.ask(lambda c: office.queries.own(c, "buudien", job_id, "en")).addressee.name == (
        ERASED
    )


def test_jobs_are_listed_in_pages_and_by_unit(office: PostalOffice) -> None:
    """Pages follow without a hole; a unit stands for those below it; a foreign token is refused."""
    jobs = []
    for n in range(5):
        office.now += HOUR
        jobs.append(office.resolve(f"{CODE[:-1]}{n}", unit="H22.12.03" if n % 2 else "H22.1"))
    first = office.ask(lambda c: office.queries.jobs(c, pb.ListJobsRequest(page_size=3)))
    rest = pb.ListJobsRequest(page_size=3, page_token=first.next_page_token)
    second = office.ask(lambda c: office.queries.jobs(c, rest))

    assert [j.job_id for j in [*first.jobs, *second.jobs]] == jobs
    assert second.next_page_token == ""
    assert listed(office, unit="H22.12") == jobs[1::2]
    assert listed(office, unchanged_since=to_timestamp(T0 + 3 * HOUR)) == jobs[:2]
    with pytest.raises(Invalid):
        listed(office, page_token="nonsense")


def test_partners_are_listed_with_what_they_have(office: PostalOffice) -> None:
    """The office sees at a glance what each partner was offered, holds and did."""
    jobs = [office.resolve(f"{CODE[:-1]}{n}") for n in range(4)]
    for job in jobs[1:]:
        take(office, job)
    deliver(office, jobs[2], T0 + HOUR)
    track(office, jobs[3], "EMA", T0 + HOUR)
    first, second = office.ask(office.queries.all_partners).partners

    assert (first.offered, first.taken, first.under_way, first.delivered) == (1, 1, 1, 1)
    assert first.serials_left == 10_000_000 - 3
    assert (second.offered, second.serials_left) == (0, 10_000_000)


def test_a_series_that_is_used_up_is_said(
    office: PostalOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a free serial the job is not taken; a number that the partner brings still works."""
    monkeypatch.setattr("services.postal.application.handlers.next_serial", lambda *_: None)
    job_id = office.resolve(CODE)

    with pytest.raises(Refused) as caught:
        take(office, job_id)
    assert caught.value.code == "SERIES_EXHAUSTED"
    assert take(office, job_id, item="RR123456785VN").attempt == 1


def test_what_the_citizen_has_collected_is_not_sent_out(office: PostalOffice) -> None:
    """Once collected at the counter, the result is neither offered nor taken again."""
    unserved, offered = office.resolve(CODE), office.resolve(f"{CODE[:-1]}8")
    refuse(office, unserved, "buudien")
    refuse(office, unserved, "chuyenphat")
    counter = ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_COUNTER)
    for code in (CODE, f"{CODE[:-1]}8"):
        office.foreign(code, "intake", counter)
    office.read()
    again = pb.ReofferJobRequest(job_id=unserved, reason="x")

    for act in (
        lambda: office.do(again, "an.nv", OPERATOR),
        lambda: take(office, offered),
    ):
        with pytest.raises(Refused) as caught:
            act()
        assert caught.value.code == "RESULT_COLLECTED"


def work_a_week(office: PostalOffice) -> None:
    """Do something of everything, so that every event and column is used."""
    jobs = [office.resolve(f"H22.12.03-210809-{n:04d}") for n in range(8)]
    take(office, jobs[0])
    deliver(office, jobs[0], T0 + HOUR, receiver="Ai đó")
    bring_back(office, jobs[0], T0 + 2 * HOUR)
    take(office, jobs[1], item="RR123456785VN")
    for code, at in (("EMG", 5), ("EMA", 1), ("Q7", 3)):
        track(office, jobs[1], code, T0 + at * HOUR)
    track(office, jobs[2 - 1], "EMH", T0 + 6 * HOUR, reason_code="absent")
    bring_back(office, jobs[1], T0 + 7 * HOUR)
    take(office, jobs[2])
    refuse(office, jobs[3], "buudien")
    refuse(office, jobs[3], "chuyenphat")
    again = pb.ReofferJobRequest(job_id=jobs[3], partner_id="chuyenphat", reason="agreed")
    office.do(again, "an.nv", OPERATOR)
    office.now += LEASE
    office.look_at_leases()
    take(office, jobs[2], "chuyenphat")
    take(office, jobs[4])
    track(office, jobs[4], "EMI", T0 + HOUR)


def test_a_rebuild_from_the_log_gives_the_same_rows_and_no_new_event(new_office: NewOffice) -> None:
    """Read in bulk, three records at a time, the log gives every view row for row."""
    live, rebuilt = new_office(), new_office()
    work_a_week(live)
    live.read()
    rebuilt.log, rebuilt.now = list(live.log), live.now + 5 * LEASE
    while rebuilt._read < len(live.log):
        rebuilt.read(reacting=False, bulk=3)
    rebuilt.run_pending()

    assert len(rebuilt.log) == len(live.log)
    assert rebuilt.views() == live.views()


def test_after_a_rebuild_numbers_go_on_where_they_were(new_office: NewOffice) -> None:
    """The next offer and the next serial follow the highest of the log."""
    live, rebuilt = new_office(), new_office()
    work_a_week(live)
    live.read()
    rebuilt.log, rebuilt.now = list(live.log), live.now
    rebuilt.read(reacting=False)
    rebuilt.publish()

    def go_on(office: PostalOffice) -> tuple[int, str]:
        job = office.resolve("H22.12.03-210810-0001")
        offers = office.ask(lambda c: office.queries.offered(c, "buudien", 0))
        return offers[-1][0], take(office, job).item_number

    assert go_on(live) == go_on(rebuilt)
