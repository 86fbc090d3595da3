"""Faults 18, 19, 20: records of a dossier that come twice, swapped, or not at all."""

import pytest

from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import TallyOn
from tests.support.runner import answered, check_once
from tests.support.tally import DISCARD, HEARD, SEEN

pytestmark = pytest.mark.faults
A, B = code_of(1), code_of(2)


def test_fault_18_duplicates_are_skipped_and_counted(tally_on: TallyOn) -> None:
    """A repeat at once and a repeat 10,000 records later have no effect."""
    first = supplement(A, 1)
    others = [supplement(B, s + 1) for s in range(10_000)]
    tally_on.log.put([first, first, *others, first])
    with tally_on(faust=False) as node:
        wait_until(lambda: answered(node.reads, 10_001), seconds=60)
        assert node.consumer.status().handled == 10_001
        assert node.consumer.status().repeats >= 2
        check_once(node.reads, [first, *others])


def test_fault_19_swapped_records_are_applied_in_order(tally_on: TallyOn) -> None:
    """A record that comes too early is held until the gap closes, and its dossier's later ones with
    it.
    """
    events = [supplement(A, s) for s in range(1, 8)]
    other = supplement(B, 1)
    with tally_on() as node:
        wait_until(lambda: len(node.consumer.buffer.assigned) == 6)
        tally_on.log.put([events[0], events[2], other, events[5], events[4]])
        wait_until(lambda: node.consumer.quarantine.count() == 3)
        reasons = {p.sequence: p.reason for p in node.consumer.quarantine.list()}
        assert reasons == {3: "gap", 6: "behind", 5: "behind"}
        assert {r["dossier_code"]: r["supplements"] for r in node.rows(SEEN)} == {A: 1, B: 1}
        tally_on.log.put([events[3]])
        wait_until(lambda: node.consumer.quarantine.count() == 4)
        tally_on.log.put([events[1], events[6]])
        wait_until(lambda: answered(node.reads, 8))
        check_once(node.reads, [*events, other], log=tally_on.log.read())
        answers = [r for r in node.events() if r["stream_id"] == A]
        assert [r["causation_id"] for r in answers] == [e.event_id for e in events]


def test_fault_20_gap_that_stays_is_shown(tally_on: TallyOn) -> None:
    """It stays quarantined with reason and bytes; the dossier goes on when an operator gives the
    gap up.
    """
    tally_on.log.put([supplement(A, 1), supplement(A, 3), supplement(A, 4)])
    with tally_on(faust=False) as node:
        wait_until(lambda: node.consumer.status().ready)
        quarantine = node.consumer.quarantine
        gap, behind = quarantine.list(A)
        assert (gap.reason, gap.error, behind.reason) == ("gap", "expected 2, got 3", "behind")
        assert quarantine.get(gap.partition, gap.offset) == gap
        assert quarantine.redrive(A).quarantined == 2
        done = quarantine.redrive(A, discard=DISCARD)
        assert (done.handled, done.quarantined) == (1, 0)
        assert {row["sequence"] for row in node.rows(HEARD)} == {1, 4}
