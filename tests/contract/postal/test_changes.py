"""The office cancels, recalls and sends elsewhere; partners answer; what they report goes first."""

from typing import Any

import pytest
from motcua.events.v1.common_pb2 import ActorKind, PersonalData
from motcua.postal.v1 import postal_partner_pb2 as partner_pb
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.types_pb2 import JobChange

from kernel.base.errors import Invalid, NotFound, Refused
from kernel.base.instants import HOUR, to_timestamp
from kernel.crypto.keyring import ERASED
from tests.support.events import name_of
from tests.support.postal_office import LEASE, UNIT, NewOffice, PostalOffice

CODE = f"{UNIT}-210809-0007"
OFFICER = ActorKind.ACTOR_KIND_OFFICER
ELSEWHERE = pb.NewAddress(name="Vừ Mí Sính", address="Tổ 3", province="Lào Cai")


@pytest.fixture
def office(new_office: NewOffice) -> PostalOffice:
    return new_office()


def by_office(office: PostalOffice, request: Any) -> Any:
    request.reason = request.reason or "Công dân đến nhận tại quầy"
    return office.do(request, "an.nv", OFFICER)


def cancel(office: PostalOffice, job_id: str) -> pb.CancelJobResponse:
    answer: pb.CancelJobResponse = by_office(office, pb.CancelJobRequest(job_id=job_id))
    return answer


def readdress(office: PostalOffice, job_id: str) -> pb.ChangeAddressResponse:
    request = pb.ChangeAddressRequest(job_id=job_id, addressee=ELSEWHERE)
    answer: pb.ChangeAddressResponse = by_office(office, request)
    return answer


def recall(office: PostalOffice, job_id: str) -> pb.RecallItemResponse:
    answer: pb.RecallItemResponse = by_office(office, pb.RecallItemRequest(job_id=job_id))
    return answer


def take(office: PostalOffice, job_id: str, who: str = "buudien") -> partner_pb.TakeJobResponse:
    answer: partner_pb.TakeJobResponse = office.do(partner_pb.TakeJobRequest(job_id=job_id), who)
    return answer


def track(office: PostalOffice, job_id: str, code: str = "EMA", **more: Any) -> bool:
    office.now += HOUR
    request = partner_pb.ReportTrackingRequest(
        job_id=job_id,
        attempt=more.pop("attempt", 1),
        report_id=f"{code}-{office.now}",
        code=code,
        happened_at=to_timestamp(office.now),
        **more,
    )
    return bool(office.do(request).contradicts)


def end(office: PostalOffice, job_id: str, *, delivered: bool) -> bool:
    office.now += HOUR
    common: dict[str, Any] = {
        "job_id": job_id,
        "attempt": 1,
        "report_id": "end",
        "happened_at": to_timestamp(office.now),
    }
    request: Any = partner_pb.ReportReturnedRequest(**common, reason_code="recalled")
    if delivered:
        request = partner_pb.ReportDeliveredRequest(**common, proof_sha256="0" * 64)
    return bool(office.do(request).contradicts)


def answer(
    office: PostalOffice, job_id: str, number: int = 1, reason_code: str = ""
) -> partner_pb.AnswerChangeResponse:
    request = partner_pb.AnswerChangeRequest(
        job_id=job_id, number=number, accepted=not reason_code, reason_code=reason_code
    )
    found: partner_pb.AnswerChangeResponse = office.do(request)
    return found


def shown(office: PostalOffice, job_id: str) -> pb.GetJobResponse:
    request = pb.GetJobRequest(job_id=job_id)
    found: pb.GetJobResponse = office.ask(
        lambda c: office.queries.job(c, request, "vi", personal=True)
    )
    return found


def states(office: PostalOffice, job_id: str) -> list[str]:
    changes = shown(office, job_id).changes
    return [pb.ChangeState.Name(each.state).removeprefix("CHANGE_STATE_") for each in changes]


def streamed(office: PostalOffice, after: int = 0, who: str = "buudien") -> list[Any]:
    return [each for _, each in office.ask(lambda c: office.queries.offered(c, who, after))]


def refused(outcome: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(Refused) as no:
        outcome(*given, **named)
    return no.value.code


def test_what_nobody_holds_is_changed_at_once(office: PostalOffice) -> None:
    """An offer, and a job that is left to nobody; no partner is asked."""
    job_id = office.resolve(CODE)
    assert readdress(office, job_id).number == 0
    to = shown(office, job_id).addressee
    assert (to.name, to.province) == (ELSEWHERE.name, ELSEWHERE.province)
    assert streamed(office)[0].job.province == "Lào Cai"
    assert office.complete(take(office, job_id), "buudien").addressee.address == "Tổ 3"

    other = office.resolve(f"{UNIT}-210809-0008")
    outcome = cancel(office, other)
    assert (outcome.state, outcome.number) == (pb.JOB_STATE_CANCELLED, 0)
    assert [each.job.job_id for each in streamed(office)] == []
    assert refused(take, office, other) == "JOB_CLOSED"
    assert refused(cancel, office, other) == "JOB_CLOSED"
    reoffer = pb.ReofferJobRequest(job_id=other, reason="x")
    assert refused(office.do, reoffer, "op", ActorKind.ACTOR_KIND_OPERATOR) == "JOB_CLOSED"


def test_who_has_taken_a_job_is_asked_to_give_it_up(office: PostalOffice) -> None:
    """The request stands in the partner's stream until it is answered; accepted, it cancels."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    asked = cancel(office, job_id)
    assert (asked.state, asked.number) == (pb.JOB_STATE_TAKEN, 1)
    (request,) = streamed(office)
    assert not request.HasField("job")
    assert (request.change.job_id, request.change.change) == (job_id, JobChange.JOB_CHANGE_CANCEL)
    assert request.change.reason == "Công dân đến nhận tại quầy"
    own = office.ask(lambda c: office.queries.own(c, "buudien", job_id, "vi"))
    assert own.change.number == 1

    assert answer(office, job_id).state == pb.JOB_STATE_CANCELLED
    assert states(office, job_id) == ["ACCEPTED"]
    assert streamed(office) == []
    assert office.look_at_leases() == 0
    assert refused(answer, office, job_id) == "CHANGE_ENDED"


def test_it_may_be_too_late(office: PostalOffice) -> None:
    """With a reason; the job goes on, and the office may ask again."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    cancel(office, job_id)
    with pytest.raises(Invalid) as wrong:
        office.do(partner_pb.AnswerChangeRequest(job_id=job_id, number=1))
    assert [each.field for each in wrong.value.violations] == ["reason_code"]
    assert answer(office, job_id, reason_code="item_collected").state == pb.JOB_STATE_TAKEN
    found = shown(office, job_id).changes[0]
    assert (found.state, found.answer_code) == (pb.CHANGE_STATE_TOO_LATE, "item_collected")
    assert cancel(office, job_id).number == 2
    assert refused(answer, office, job_id, 3) == "NO_SUCH_CHANGE"
    with pytest.raises(NotFound):
        office.do(
            partner_pb.AnswerChangeRequest(job_id=job_id, number=2, accepted=True), "chuyenphat"
        )


def test_a_scan_overtakes_a_request_to_cancel(office: PostalOffice) -> None:
    """Once the item is under way it can be recalled only, and comes back as a return."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    assert refused(recall, office, job_id) == "NOT_UNDER_WAY"
    cancel(office, job_id)
    track(office, job_id)
    assert states(office, job_id) == ["OVERTAKEN"]
    assert refused(answer, office, job_id) == "CHANGE_ENDED"
    assert refused(cancel, office, job_id) == "ITEM_UNDER_WAY"

    assert recall(office, job_id).number == 2
    assert answer(office, job_id, 2).state == pb.JOB_STATE_UNDER_WAY
    assert refused(recall, office, job_id) == "ITEM_RECALLED"
    assert refused(readdress, office, job_id) == "ITEM_RECALLED"
    assert end(office, job_id, delivered=False) is False
    assert shown(office, job_id).job.state == pb.JOB_STATE_RETURNED


@pytest.mark.parametrize("delivered", [True, False])
def test_the_first_final_status_holds(office: PostalOffice, delivered: bool) -> None:
    """A delivery or return that crosses the office's request ends it; after a cancellation each of
    them is kept, and contradicts.
    """
    job_id = office.resolve(CODE)
    take(office, job_id)
    track(office, job_id)
    recall(office, job_id)
    assert end(office, job_id, delivered=delivered) is False
    assert states(office, job_id) == ["OVERTAKEN"]
    assert refused(answer, office, job_id) == "CHANGE_ENDED"

    other = office.resolve(f"{UNIT}-210809-0008")
    take(office, other)
    cancel(office, other)
    answer(office, other)
    assert track(office, other) is True
    assert end(office, other, delivered=delivered) is True
    job = shown(office, other).job
    assert (job.state, job.conflict) == (pb.JOB_STATE_CANCELLED, True)


def test_a_new_address_holds_when_the_partner_agrees(office: PostalOffice) -> None:
    """Until then the old one; it is stored sealed, and goes with the dossier's keys."""
    job_id = office.resolve(CODE)
    took = take(office, job_id)
    track(office, job_id)
    assert readdress(office, job_id).number == 1
    (request,) = streamed(office)
    assert request.change.addressee.address == "Tổ 3"
    assert office.complete(took, "buudien").addressee.address != "Tổ 3"
    assert answer(office, job_id).state == pb.JOB_STATE_UNDER_WAY
    assert office.complete(took, "buudien").addressee.address == "Tổ 3"
    assert [name_of(each) for each in office.events(CODE)][-2:] == [
        "PostalJobChangeAnswered",
        "PostalAddressChanged",
    ]
    for body in (each.SerializeToString() for each in office.events(CODE)):
        assert ELSEWHERE.name.encode() not in body
    office.keyring.destroy(CODE)
    assert shown(office, job_id).addressee.name == ERASED


def test_a_newer_request_takes_the_place_of_an_older_one(office: PostalOffice) -> None:
    """The partner answers the newest; the older one is over."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    readdress(office, job_id)
    assert cancel(office, job_id).number == 2
    assert states(office, job_id) == ["OVERTAKEN", "OPEN"]
    assert [each.change.number for each in streamed(office)] == [2]
    assert refused(answer, office, job_id, 1) == "CHANGE_ENDED"


def test_a_partner_that_lets_the_job_go_need_not_answer(office: PostalOffice) -> None:
    """By its silence or its refusal: what was asked takes effect, as nobody holds the job."""
    silent = office.resolve(CODE)
    take(office, silent)
    cancel(office, silent)
    office.now += LEASE
    assert office.look_at_leases() == 2
    assert shown(office, silent).job.state == pb.JOB_STATE_CANCELLED
    assert states(office, silent) == ["OVERTAKEN"]

    refusing = office.resolve(f"{UNIT}-210809-0008")
    take(office, refusing)
    readdress(office, refusing)
    office.do(partner_pb.RefuseJobRequest(job_id=refusing, reason_code="not_served", attempt=1))
    (offer,) = streamed(office, who="chuyenphat")
    assert (offer.job.job_id, offer.job.province) == (refusing, "Lào Cai")


def test_a_rebuild_gives_the_same_rows(office: PostalOffice, new_office: NewOffice) -> None:
    """Requests, answers and addresses are functions of the log."""
    job_id = office.resolve(CODE)
    take(office, job_id)
    readdress(office, job_id)
    cancel(office, job_id)
    track(office, job_id)
    recall(office, job_id)
    answer(office, job_id, 3, "out_for_delivery")
    office.read()
    again = new_office()
    again.log = list(office.log)
    again.read(reacting=False)
    assert again.views() == office.views()


def test_another_address_has_the_fields_of_a_person() -> None:
    """What an officer gives is what is sealed of an applicant."""
    fields = {field.name for field in pb.NewAddress.DESCRIPTOR.fields} - {"name"}
    assert fields <= {field.name for field in PersonalData.DESCRIPTOR.fields}
