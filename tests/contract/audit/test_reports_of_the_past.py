"""A report of a past period is judged on its last day, whatever has happened since."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended
from motcua.routing.v1.types_pb2 import SUSPENSION_KIND_STOPPED

from kernel.base.instants import DAY
from services.audit.reports import queries
from services.audit.reports.indicators import Counts, Indicators
from services.audit.reports.queries import ReportRequest
from services.audit.state.local_days import end_of
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import MONDAY, Log, Store, week
from tests.support.reports import by_column

NUMBERING = Numbering()
NOW = at("2023-03-15 08:00")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    made = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    yield made
    made.close()


def filed(code: str, due: str) -> list[Event]:
    """Return the events of a dossier of 13 February 2023 with this promise."""
    when = at("2023-02-13 09:00")
    payloads = (
        DossierSubmitted(unit="H22.12", time_zone=HANOI),
        DossierAccepted(due_at=stamp(due)),
        CaseOpened(due_at=stamp(due)),
    )
    return [NUMBERING.event(payload, when, code) for payload in payloads]


def counted(store: Store, first: int, last: int, as_of: int | None = None) -> Counts:
    """Return the total of a report."""
    found: Counts = store.ask(queries.report, ReportRequest(first, last, None, as_of), NOW).total
    return found


def test_a_stop_after_the_period_does_not_make_its_overdue_ones_punctual(store: Store) -> None:
    """In time 1, overdue 2, before and after a late one was stopped and went on."""
    log = Log([*filed("A", "2023-02-17 09:00"), *filed("B", "2023-02-20 09:00"),
               *filed("C", "2023-02-24 09:00")])  # fmt: skip
    stopped = CaseSuspended(kind=SUSPENSION_KIND_STOPPED)
    resumed = CaseResumed(
        kind=SUSPENSION_KIND_STOPPED,
        suspended_at=stamp("2023-02-23 09:00"),
        due_at=stamp("2023-02-23 15:00"),
    )
    log.send(NUMBERING.event(stopped, at("2023-02-23 09:00"), "B"))
    store.take_all(log.records())
    split = counted(store, 20230213, 20230222)
    assert (split.pending_in_time, split.pending_overdue) == (1, 2)
    store.take([log.send(NUMBERING.event(resumed, at("2023-02-28 15:00"), "B"))])
    after = counted(store, 20230213, 20230222)
    assert (after.pending_in_time, after.pending_overdue) == (1, 2)
    later = counted(store, 20230213, 20230228)
    assert (later.pending_in_time, later.pending_overdue) == (0, 3)


def test_what_stood_still_on_the_last_day_counts_as_in_time(store: Store) -> None:
    """Though it goes on, is extended, closed, opened again and resolved later."""
    log = Log(filed("D", "2023-02-17 09:00"))
    history = (
        (SupplementRequested(round=1), "2023-02-15 09:00"),
        (CaseClosed(round=1), "2023-02-22 16:00"),
        (CaseReopened(round=1), "2023-02-23 09:00"),
        (CaseResumed(due_at=stamp("2023-02-24 09:00")), "2023-02-23 09:00"),
        (DeadlineExtended(due_at=stamp("2023-03-10 09:00")), "2023-02-23 10:00"),
        (CaseResolved(), "2023-03-01 09:00"),
    )
    for payload, when in history:
        log.send(NUMBERING.event(payload, at(when), "D"))
    store.take_all(log.records())
    assert counted(store, 20230213, 20230221).pending_in_time == 1
    closed = counted(store, 20230213, 20230222)
    assert (closed.returned, closed.pending) == (1, 0)
    gone_on = counted(store, 20230213, 20230224)
    assert (gone_on.returned, gone_on.pending_in_time) == (0, 1)
    assert counted(store, 20230213, 20230301).early == 1


@pytest.mark.parametrize("seed", range(12))
def test_a_past_report_is_the_one_as_of_its_end(store: Store, seed: int) -> None:
    """For any history and period, what happens after the last day changes nothing: the report is
    the one that was made when the day ended, and the one as of that instant.
    """
    pick = random.Random(seed)
    events = week(pick, 40)
    days = [20210809, 20210810, 20210811, 20210812, 20210813, 20210816]
    first, last = sorted(pick.choices(days, k=2))
    end = end_of(last, "Etc/GMT+12")  # of the last of all time zones
    before = [e for e in events if e.occurred_at.ToMicroseconds() <= end]
    log = Log(before)
    store.take_all(log.records())
    then = store.ask(queries.report, ReportRequest(first, last, by_column("unit"), None), end)
    kept = {e.event_id for e in before}
    rest = [log.send(e) for e in events if e.event_id not in kept]
    store.take_all(sorted(rest, key=lambda r: (r.partition, r.offset)))
    now = MONDAY + 30 * DAY
    for as_of in (None, end + DAY, now):
        asked = ReportRequest(first, last, by_column("unit"), as_of)
        later = store.ask(queries.report, asked, now)
        assert _lines(later) == _lines(then)
    assert then.total != Counts() or not before


def _lines(report: Indicators) -> object:
    return report.total, report.rows()
