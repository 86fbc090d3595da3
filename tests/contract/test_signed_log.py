"""A service whose database was put back together with its log knows it by what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kernel.base.errors import Unavailable
from kernel.base.halt import HaltReason
from kernel.base.instants import SECOND
from kernel.eventsourcing.record import Record
from kernel.ledger.ledger_watch import Heads, LedgerHead, LedgerSource, LedgerWatch
from kernel.ledger.merkle import leaf_hash
from kernel.storage.engines import open_engine
from tests.support.feed import code_of, wait_until
from tests.support.memory_log import PARTITIONS, MemoryLog
from tests.support.resumptions import resume
from tests.support.tally import KERNEL, Node

AGE = 600
NOON = 1_800_000_000 * SECOND


class Ledger:
    """A ledger that signs a log when it is told to."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._heads: Heads = {}
        self.away = False
        self.now = NOON
        """The wall clock of the services."""

    def sign(self) -> None:
        """Sign what the log has now."""
        last = [self._log.read(p, self._log.end(p) - 1, 1) for p in range(PARTITIONS)]
        self._heads = {
            p: LedgerHead(self._log.end(p), leaf_hash(run[0].value or b""), self._log.end(p))
            for p, run in enumerate(last)
            if self._log.end(p)
        }

    def disown(self) -> None:
        """Have another tree than the one that was signed."""
        self._heads = {p: head._replace(last_leaf=b"") for p, head in self._heads.items()}

    def ask(self) -> Heads:
        """Return what was signed last, unless the ledger is away."""
        if self.away:
            raise ConnectionError
        return dict(self._heads)


@contextmanager
def watched(
    log: MemoryLog, url: str, ledger: Ledger, *, refuses: bool = False, patience: float = 0.0
) -> Iterator[Node]:
    """Run a service under a ledger."""
    reads = open_engine(url, "tally", read_only=True)
    source = LedgerSource("audit", ledger.ask, AGE, refuses)
    watch = LedgerWatch(
        source, reads, KERNEL.leases, wall=lambda: ledger.now, patience=patience, interval=0.02
    )
    with Node("", "memory", url, log=log, ledger=watch) as node:
        watch.start()
        try:
            yield node
        finally:
            watch.stop()
    reads.dispose()


@pytest.fixture
def log() -> MemoryLog:
    """An empty log."""
    return MemoryLog()


@pytest.fixture
def ledger(log: MemoryLog) -> Ledger:
    """Its ledger."""
    return Ledger(log)


def publish(node: Node, *numbers: int) -> None:
    """Write an event for each of these dossiers and wait until the log has them."""
    for number in numbers:
        node.writer.submit(resume(number)).result(10)
    wait_until(lambda: not node.rows(KERNEL.outbox), what="all are published")


def wait_read(node: Node, log: MemoryLog) -> None:
    """Wait until a service has read all of a log."""
    whole = {p: log.end(p) for p in range(PARTITIONS)}
    stored = KERNEL.positions
    wait_until(lambda: {r["partition"]: r["position"] for r in node.rows(stored)} == whole)


def halted(node: Node) -> HaltReason | None:
    """Return for which reason a service takes nothing."""
    halt = node.consumer.status().halt
    return None if halt is None else halt.reason


def other_log(log: MemoryLog) -> None:
    """Put three records on a log that no service of here has written."""
    for number in (1, 1, 1):
        log.append(code_of(number).encode(), b"{}")


def test_a_log_that_is_shorter_than_what_was_signed(
    log: MemoryLog, ledger: Ledger, database_url: str
) -> None:
    """Neither the database nor the log has an inkling of it."""
    other_log(log)
    ledger.sign()
    partition = next(p for p in range(PARTITIONS) if log.end(p))
    log.lose(partition)
    with watched(log, database_url, ledger, patience=60) as node:
        wait_until(lambda: halted(node) is HaltReason.LOG_DIFFERS, what="it has noticed")
        assert node.consumer.status().halted == (
            f"the log ends before what the ledger has of partition {partition}"
        )
        assert not node.consumer.readiness.may_publish()
        with pytest.raises(Unavailable) as refused:
            node.consumer.readiness.require_commands()
        assert refused.value.code == HaltReason.LOG_DIFFERS
        other_log(log)
        wait_until(node.is_ready, what="the log is back, and it goes on")


@pytest.mark.parametrize("whose", ["the log has another one", "the ledger has another one"])
def test_another_record_than_the_one_that_was_signed(
    log: MemoryLog, ledger: Ledger, database_url: str, whose: str
) -> None:
    """A log that was cut and has grown again; a ledger that was made anew from another log."""
    other_log(log)
    ledger.sign()
    partition = next(p for p in range(PARTITIONS) if log.end(p))
    if whose == "the log has another one":
        log.lose(partition, log.end(partition) - 1)
        log.append_at(Record(partition, 0, b"key", b"another one", ()))
    else:
        ledger.disown()
    with watched(log, database_url, ledger, patience=60) as node:
        wait_until(lambda: halted(node) is HaltReason.LOG_DIFFERS, what="it has noticed")
        assert node.consumer.status().halted == (
            f"the log has another record than the ledger in partition {partition}"
        )


def test_nothing_is_decided_before_the_ledger_was_asked(
    log: MemoryLog, ledger: Ledger, database_url: str
) -> None:
    """Both may be starting; what is decided meanwhile would be numbered as if it were new."""
    ledger.away = True
    with watched(log, database_url, ledger, patience=60) as node:
        wait_until(lambda: halted(node) is HaltReason.LEDGER_UNKNOWN, what="it waits")
        assert not node.consumer.readiness.caught_up
        assert not node.consumer.readiness.may_publish()
        ledger.away = False
        wait_until(node.is_ready, what="the ledger has answered")
        publish(node, 1)


def test_a_ledger_that_is_away_does_not_stop_a_start_at_once(
    log: MemoryLog, ledger: Ledger, database_url: str
) -> None:
    """Only when the last comparison is too long ago; a database that was never compared waits."""
    ledger.away = True
    with watched(log, database_url, ledger) as node:
        wait_until(lambda: halted(node) is HaltReason.LEDGER_STALLED, what="never compared")
        assert "never been compared" in node.consumer.status().halted
        ledger.away = False
        wait_until(node.is_ready, what="the ledger has answered")
        wait_until(lambda: any(row["name"] == "ledger covered" for row in node.rows(KERNEL.leases)))
    ledger.away = True
    ledger.now += (AGE - 1) * SECOND
    with watched(log, database_url, ledger) as node:
        wait_until(node.is_ready, what="it was compared not long ago")
    ledger.now += 2 * SECOND
    with watched(log, database_url, ledger) as node:
        wait_until(lambda: halted(node) is HaltReason.LEDGER_STALLED, what="too long ago")
        assert "does not answer" in node.consumer.status().halted


@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize("away", [True, False])
def test_what_stays_unsigned_for_too_long_stops_commands_and_nothing_else(
    log: MemoryLog, ledger: Ledger, database_url: str, away: bool, refuses: bool
) -> None:
    """Whether the ledger does not answer or signs nothing; by itself it goes on. A service that
    does not refuse goes on all the time.
    """
    with watched(log, database_url, ledger, refuses=refuses, patience=60) as node:
        wait_until(node.is_ready, what="it is ready")
        publish(node, 0)
        wait_read(node, log)
        ledger.sign()
        ledger.now += 10 * AGE * SECOND
        wait_until(lambda: node.consumer.status().halt is None, what="all is signed")
        ledger.away = away
        ledger.now += 10 * AGE * SECOND
        wait_until(lambda: node.consumer.status().halt is None, what="all is signed: no hurry")
        publish(node, 1)
        wait_read(node, log)
        ledger.now += (AGE - 1) * SECOND
        assert node.consumer.status().halt is None
        ledger.now += 2 * SECOND
        if refuses:
            wait_until(lambda: halted(node) is HaltReason.LEDGER_STALLED, what="it has stalled")
            with pytest.raises(Unavailable) as refused:
                node.consumer.readiness.require_commands()
            assert refused.value.code == HaltReason.LEDGER_STALLED
        publish(node, 2)
        ledger.away = False
        ledger.sign()
        wait_until(lambda: node.consumer.status().halt is None, what="it goes on by itself")
        node.consumer.readiness.require_commands()
