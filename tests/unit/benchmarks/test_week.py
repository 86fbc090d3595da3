"""The log that benchmarks make from a recorded week."""

from __future__ import annotations

from motcua.postal.v1.job_events_pb2 import PostalJobCreated

from benchmarks.week import recorded, weeks
from kernel.eventsourcing.envelope import payload_of


def test_each_week_has_its_own_events_jobs_and_offers() -> None:
    """None twice in two weeks, and as many in each."""
    events = list(weeks(len(recorded()) + 1))
    assert len({event.event_id for event in events}) == len(events) == 2 * len(recorded())
    created = [made for e in events if isinstance(made := payload_of(e), PostalJobCreated)]
    offers = [(made.partner_id, made.offer_number) for made in created if made.partner_id]
    assert len(set(offers)) == len(offers)
    jobs = {made.job_id for made in created}
    assert len(jobs) == len(created)
