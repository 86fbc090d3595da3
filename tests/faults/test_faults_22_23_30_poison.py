"""Faults 22, 23, 30: handlers that always fail, too many bad records, and a redrive that fails
again.
"""

import pytest

from kernel.consumer.applying.quarantine_limit import QuarantineBounds
from tests.support.feed import code_of, supplement, wait_until
from tests.support.logs_of_both_kinds import TallyOn
from tests.support.runner import answered
from tests.support.tally import HEARD, KERNEL, MENDED, POISON, SEEN

pytestmark = pytest.mark.faults
A, B = code_of(1), code_of(2)


def test_faults_22_30_failing_handler_quarantines_its_dossier_only(tally_on: TallyOn) -> None:
    """It is tried, then quarantined with the dossier's later records; a redrive that fails
    quarantines it again, once.
    """
    bad = [supplement(A, 1), supplement(A, 2, POISON), supplement(A, 3)]
    good = [supplement(B, 1), supplement(B, 2)]
    tally_on.log.put([bad[0], good[0], bad[1], good[1], bad[2]])
    with tally_on() as node:
        wait_until(lambda: len(node.consumer.buffer.assigned) == 6)
        tally_on.log.put([supplement(A, 4), supplement(B, 3)])
        wait_until(lambda: answered(node.reads, 4))
        quarantine = node.consumer.quarantine
        wait_until(lambda: quarantine.count() == 3)
        assert [p.reason for p in quarantine.list(A)] == ["handler_error", "behind", "behind"]
        assert quarantine.list(A)[0].error == "Poisoned"
        for tries in (2, 3):
            done = quarantine.redrive(A)
            assert (done.handled, done.quarantined) == (0, 3)
            assert [p.attempts for p in quarantine.list(A)] == [tries, 1, 1]
        assert {r["dossier_code"]: r["supplements"] for r in node.rows(SEEN)} == {A: 1, B: 3}
    with tally_on(model=MENDED) as node:
        wait_until(lambda: node.consumer.status().ready)
        done = node.consumer.quarantine.redrive(A)
        assert (done.handled, done.quarantined) == (3, 0)
        wait_until(lambda: answered(node.reads, 7))
        causes = [r["causation_id"] for r in node.events() if r["stream_id"] == A]
        heard = [r for r in node.rows(HEARD) if r["dossier_code"] == A]
        heard.sort(key=lambda row: row["sequence"])
        assert causes == [row["event_id"] for row in heard]


def test_fault_23_too_many_bad_records_stop_the_consumer(tally_on: TallyOn) -> None:
    """With 30 % of poison it stops and says so, before the first record that it would
    quarantine too many.
    """
    events = [supplement(code_of(n), 1, POISON if n % 10 < 3 else 1) for n in range(300)]
    tally_on.log.put(events)
    bounds = QuarantineBounds(share=0.1, least=10, run=100)
    with tally_on(faust=False, bounds=bounds) as node:
        wait_until(lambda: node.consumer.status().halted != "", seconds=60)
        status = node.consumer.status()
        assert "would be quarantined" in status.halted
        assert not status.ready
        assert node.consumer.quarantine.count() == 9
        position = sum(row["position"] for row in node.rows(KERNEL.positions))
        assert position == 9 + len(node.rows(HEARD)) < 300
        node.writer.submit(lambda uow: None).result(5)


def test_fault_23_run_of_bad_records_stops_the_consumer(tally_on: TallyOn) -> None:
    """So does a long run of records that nobody can read."""
    tally_on.log.put([supplement(A, 1)])
    tally_on.log.put_raw([(A.encode(), b"\xff")] * 30)
    bounds = QuarantineBounds(share=1, least=1000, run=20)
    with tally_on(faust=False, bounds=bounds) as node:
        wait_until(lambda: node.consumer.status().halted != "", seconds=60)
        assert node.consumer.quarantine.count() == 19
