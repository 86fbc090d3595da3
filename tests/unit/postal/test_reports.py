"""What partners report: any order, repeated, late, contradictory."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.base.instants import HOUR
from services.postal.domain import decider, refusals
from services.postal.domain.reports import PartnerReport, ReportOutcome, receive_report
from services.postal.domain.state import JobStatus
from tests.support.postal_events import (
    LEASE,
    OFFERS,
    T0,
    delivered,
    job,
    reported,
    returned,
    taken,
    then,
    tracked,
)

JOURNEY = [tracked("EMA", 1), tracked("EMG", 5), tracked("EMH", 6), tracked("Q7", 7)]
HELD = taken()


def shuffled(reports: list[PartnerReport]) -> st.SearchStrategy[list[PartnerReport]]:
    """Return every order of reports with repeats of any of them among them."""
    return st.lists(st.sampled_from(reports), max_size=6).flatmap(
        lambda more: st.permutations([*reports, *more])
    )


@given(shuffled([*JOURNEY, tracked("EMI", 9), delivered(9)]))
def test_any_order_and_repetition_of_a_delivery_ends_delivered(order: list[PartnerReport]) -> None:
    """The same reports give the same final state, one final event, and every report kept once."""
    ended, events = reported(HELD, *order)

    assert ended.status is JobStatus.DELIVERED
    assert [e for e in events if e.DESCRIPTOR.name != "ItemTracked"] != []
    assert len(events) == len(JOURNEY) + 2
    assert not any(kept.contradicts for kept in ended.reports.values())
    assert ended == reported(HELD, *JOURNEY, tracked("EMI", 9), delivered(9))[0]


@given(shuffled([*JOURNEY, returned(30)]))
def test_any_order_and_repetition_of_a_return_ends_returned(order: list[PartnerReport]) -> None:
    """The same holds when the item comes back."""
    ended, events = reported(HELD, *order)

    assert ended == reported(HELD, *JOURNEY, returned(30))[0]
    assert ended.status is JobStatus.RETURNED
    assert [e.DESCRIPTOR.name for e in events].count("ItemReturned") == 1


@given(shuffled([*JOURNEY, delivered(9), returned(30)]))
def test_of_two_ends_the_first_stands_and_the_other_is_kept_as_a_contradiction(
    order: list[PartnerReport],
) -> None:
    """A partner that says both gets one final state; all it said is kept, and marked."""
    ended, events = reported(HELD, *order)
    first = next(payload.kind for payload in order if payload.kind != "tracked")
    finals = [e for e in events if e.DESCRIPTOR.name != "ItemTracked"]

    assert ended.status == first
    assert len(finals) == 1
    assert len(events) == len(JOURNEY) + 2
    assert ended.reports["a", "rts" if first == "delivered" else "pod"].contradicts


def test_fault_49_a_return_and_a_move_after_the_delivery_are_kept_and_marked() -> None:
    """Delivered, then returned, then in transit: delivered stands, both others contradict."""
    ended, events = reported(HELD, delivered(9), returned(12), tracked("EMG", 13))

    assert ended.status is JobStatus.DELIVERED
    assert [e.DESCRIPTOR.name for e in events] == ["ItemDelivered", "ItemTracked", "ItemTracked"]
    assert [e.contradicts for e in events[1:]] == [True, True]
    assert events[1].code == "RTS"


def test_a_late_report_of_what_happened_before_the_end_is_no_contradiction() -> None:
    """The posting reported after the delivery is only late."""
    _, events = reported(HELD, delivered(9), tracked("EMA", 1), tracked("EMI", 9.5))

    assert [e.contradicts for e in events[1:]] == [False, False]


def test_an_unknown_code_after_the_end_is_kept_without_a_verdict() -> None:
    """What is not understood can't contradict."""
    _, events = reported(HELD, delivered(9), tracked("Q7", 20))

    assert events[1].code == "Q7"
    assert not events[1].contradicts


def test_delivered_without_a_proof_is_not_the_end() -> None:
    """The code EMI alone leaves the job open until the proof comes, also under the same id."""
    open_job, _ = reported(HELD, tracked("EMI", 9, report_id="x"))
    ended, events = reported(open_job, delivered(9, report_id="x"))

    assert open_job.status is JobStatus.UNDER_WAY
    assert ended.status is JobStatus.DELIVERED
    assert events[0].proof_sha256 == "0" * 64


def test_a_second_proof_is_kept_and_marked() -> None:
    """Two different reports of a delivery can't both be right."""
    _, events = reported(HELD, delivered(9), delivered(10, report_id="pod-2"))

    assert events[1].contradicts


def test_a_repeat_gets_the_same_answer_and_causes_nothing() -> None:
    """A repeated report, contradictory or not, says what it said before."""
    ended, _ = reported(HELD, delivered(9), returned(12))

    for report, contradicts in ((delivered(9), False), (returned(12), True)):
        outcome = receive_report(ended, report)
        assert isinstance(outcome, ReportOutcome)
        assert (outcome.events, outcome.contradicts) == ([], contradicts)


def test_a_report_id_stands_for_one_report() -> None:
    """The same id with other content is refused, never taken for a repeat."""
    known, _ = reported(HELD, tracked("EMA", 1, report_id="x"))

    assert receive_report(known, tracked("EMG", 1, report_id="x")) == refusals.REPORT_ID_REUSED
    assert receive_report(known, tracked("EMA", 2, report_id="x")) == refusals.REPORT_ID_REUSED
    assert receive_report(known, delivered(9, report_id="x")) == refusals.REPORT_ID_REUSED


def test_fault_48_the_late_answer_of_a_silent_partner_is_refused() -> None:
    """After the lease has ended, the old attempt counts for nothing, whoever holds the job now."""
    lost = then(HELD, decider.expire(HELD, T0 + LEASE, OFFERS))
    by_another = taken(lost, number="RR000000005VN")

    assert receive_report(lost, tracked("EMA")) == refusals.LEASE_LOST
    assert receive_report(by_another, delivered()) == refusals.LEASE_LOST
    assert receive_report(by_another, replace(delivered(), partner_id="b")) == refusals.LEASE_LOST
    assert reported(by_another, replace(delivered(), partner_id="b", attempt=2))[0].status == (
        JobStatus.DELIVERED
    )


def test_a_report_in_time_counts_although_the_lease_is_over_by_the_clock() -> None:
    """Until the job is offered again it belongs to its holder: the fact decides, not the clock."""
    assert reported(HELD, tracked("EMA", LEASE / HOUR + 1))[0].status is JobStatus.UNDER_WAY


@pytest.mark.parametrize("partner_report", [tracked("EMA"), delivered(), returned()])
def test_a_job_that_nobody_took_has_nothing_to_report(partner_report: PartnerReport) -> None:
    """A report needs an attempt that exists."""
    assert receive_report(job(), partner_report) == refusals.NO_SUCH_ATTEMPT


def test_another_item_is_not_this_jobs() -> None:
    """A scan of another number is refused."""
    assert (
        receive_report(HELD, tracked("EMA", item_number="RR000000005VN")) == refusals.ITEM_MISMATCH
    )
