"""Offers, leases and refusals: given events, when asked, then events or a refusal."""

from dataclasses import replace

import pytest
from motcua.postal.v1.job_events_pb2 import (
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalLeaseExpired,
)

from kernel.base.errors import Refusal
from services.postal.domain import decider, refusals
from services.postal.domain.decider import OfferContext
from services.postal.domain.state import Job, JobStatus
from tests.support.postal_events import (
    JOB,
    LEASE,
    OFFERS,
    POSTAL,
    SEALED,
    T0,
    UNIT,
    delivered,
    job,
    reported,
    taken,
    then,
    tracked,
)

REFUSING = (decider.refuse, 0, "not_served", "", OFFERS)


def test_a_new_job_is_offered_to_the_first_partner_that_serves_the_unit() -> None:
    """The order of the configuration decides, and the offer gets that partner's next number."""
    (event,) = decider.create(JOB, UNIT, SEALED, OFFERS)

    assert isinstance(event, PostalJobCreated)
    assert (event.partner_id, event.offer_number, event.addressee) == ("a", 11, SEALED)
    assert job().status is JobStatus.OFFERED


def test_a_job_that_nobody_serves_waits_for_a_person() -> None:
    """Without a partner the job exists all the same, offered to nobody."""
    nobody = OfferContext((), {"a": 1})

    assert job(offers=nobody).status is JobStatus.UNSERVED
    unserved = POSTAL.standing(job(offers=nobody))
    unserved.when(decider.reoffer, "", "x", nobody).then(refusals.NO_PARTNER)
    offered = unserved.when(decider.reoffer, "a", "x", nobody).then("PostalJobReoffered")
    assert offered.state == replace(unserved.state, status=JobStatus.OFFERED, partner_id="a")


def test_taking_gives_a_lease_and_a_numbered_attempt() -> None:
    """The first taking is attempt 1 under a lease."""
    held = taken()

    assert (held.status, held.attempt, held.lease_until) == (JobStatus.TAKEN, 1, T0 + LEASE)


def test_taking_twice_is_harmless() -> None:
    """A holder that asks again causes nothing, also when the item is already under way."""
    under_way, _ = reported(taken(), tracked("EMA"))

    POSTAL.standing(taken()).when(decider.take, "", 0, 0).then()
    POSTAL.standing(under_way).when(decider.take, "", 0, 0).then()


def test_a_refused_job_goes_to_the_next_partner_and_then_to_nobody() -> None:
    """Every partner is asked once; when all have refused, a person has to decide."""
    first = PostalJobRefused(
        job_id=JOB,
        partner_id="a",
        reason_code="not_served",
        next_partner_id="b",
        next_offer_number=21,
    )
    second = PostalJobRefused(job_id=JOB, partner_id="b", reason_code="not_served")

    asked = POSTAL.given().when(*REFUSING).then(first)
    assert asked.when(*REFUSING).then(second).state.status is JobStatus.UNSERVED


def test_a_job_can_be_refused_after_it_was_taken() -> None:
    """The address shows only after the taking, so a partner may refuse then, naming its attempt."""
    went = POSTAL.standing(taken()).when(decider.refuse, 1, "not_served", "", OFFERS)
    assert went.then("PostalJobRefused").state.partner_id == "b"


@pytest.mark.parametrize(
    ("before", "attempt", "refusal"),
    [
        (taken(), 0, refusals.LEASE_LOST),
        (taken(), 2, refusals.NO_SUCH_ATTEMPT),
        (job(), 1, refusals.NO_SUCH_ATTEMPT),
        (then(taken(), decider.expire(taken(), T0 + LEASE, OFFERS)), 1, refusals.LEASE_LOST),
        (reported(taken(), tracked("EMA"))[0], 1, refusals.JOB_UNDER_WAY),
        (reported(taken(), delivered())[0], 1, refusals.JOB_CLOSED),
    ],
)
def test_a_job_can_be_refused_only_by_its_holder_and_before_any_report(
    before: Job, attempt: int, refusal: Refusal
) -> None:
    """Whoever names another attempt, or comes after the posting, is refused."""
    act = POSTAL.standing(before).when(decider.refuse, attempt, "not_served", "", OFFERS)
    act.then(refusal)


def test_a_lease_ends_once_and_the_next_partner_is_asked() -> None:
    """At the lease's end, not before, the job goes on; asked again, nothing happens."""
    held = POSTAL.standing(taken())
    held.when(decider.expire, T0 + LEASE - 1, OFFERS).then()
    ended = held.when(decider.expire, T0 + LEASE, OFFERS).then(
        PostalLeaseExpired(
            job_id=JOB, partner_id="a", attempt=1, next_partner_id="b", next_offer_number=21
        )
    )
    ended.when(decider.expire, T0 + 2 * LEASE, OFFERS).then()


def test_a_silent_partner_is_asked_again_when_it_is_the_only_one() -> None:
    """With one partner the job is offered to it once more, as its next attempt."""
    alone = OfferContext(("a",), {"a": 11})
    again = then(taken(), decider.expire(taken(), T0 + LEASE, alone))

    assert (again.status, again.partner_id) == (JobStatus.OFFERED, "a")
    assert taken(again).attempt == 2


def test_no_lease_runs_once_something_was_reported() -> None:
    """The first report of any kind ends the lease."""
    under_way, _ = reported(taken(), tracked("XYZ"))

    POSTAL.standing(under_way).when(decider.expire, T0 + 9 * LEASE, OFFERS).then()


def test_a_person_can_offer_a_job_again_even_to_one_that_refused() -> None:
    """Nobody is left: the first partner is asked again, or the one that is named."""
    unserved = POSTAL.given().when(*REFUSING).then("PostalJobRefused")
    unserved = unserved.when(*REFUSING).then("PostalJobRefused")

    unserved.when(decider.reoffer, "", "called them", OFFERS).then(
        PostalJobReoffered(job_id=JOB, partner_id="a", offer_number=11, reason="called them")
    )
    unserved.when(decider.reoffer, "c", "new", OFFERS).then(
        PostalJobReoffered(job_id=JOB, partner_id="c", offer_number=31, reason="new")
    )
    again = unserved.when(decider.reoffer, "b", "x", OFFERS).then("PostalJobReoffered")
    assert again.state.refused == {"a"}


@pytest.mark.parametrize(
    ("before", "refusal"),
    [
        (taken(), refusals.JOB_HELD),
        (reported(taken(), tracked("EMA"))[0], refusals.JOB_UNDER_WAY),
        (reported(taken(), delivered())[0], refusals.JOB_CLOSED),
    ],
)
def test_a_job_in_hands_is_not_offered_again(before: Job, refusal: Refusal) -> None:
    """A held, posted or closed job stays where it is."""
    POSTAL.standing(before).when(decider.reoffer, "", "x", OFFERS).then(refusal)


def test_a_closed_job_is_not_taken() -> None:
    """After the end nobody takes it."""
    closed, _ = reported(taken(), delivered())
    POSTAL.standing(closed).when(decider.take, "", 0, 0).then(refusals.JOB_CLOSED)
