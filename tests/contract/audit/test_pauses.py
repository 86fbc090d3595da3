"""Pauses that put a date in doubt, and the on-time rate without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import Part
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import (
    CaseCorrected,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    SupplementRequested,
)

from kernel.base.instants import to_us
from office.worktime.calendars.vietnam import state_office
from tests.support.audit_calls import AuditCalls
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import Log, Store

UNIT = "H22.12"
NOW = at("2021-09-06 08:00")
CALENDAR = "vn"


def asked(*parts: str) -> SupplementRequested:
    """Return a request for papers."""
    return SupplementRequested(parts=[Part(code=code) for code in parts])


def resumed(since: str, until: str, before: str, due: str) -> CaseResumed:
    """Return the end of a pause, which moves the promised date."""
    return CaseResumed(
        suspended_at=stamp(since),
        resumed_at=stamp(until),
        previous_due_at=stamp(before),
        due_at=stamp(due),
        calendar_version=CALENDAR,
    )


HISTORIES: dict[str, tuple[str, list[tuple[Message, str]]]] = {
    # A second of pause moves the date of a Monday to Tuesday, and the end is on Tuesday.
    "SECOND": (
        "2021-08-09 17:00",
        [
            (CaseSuspended(), "2021-08-09 16:00:00"),
            (
                resumed(
                    "2021-08-09 16:00:00",
                    "2021-08-09 16:00:01",
                    "2021-08-09 17:00",
                    "2021-08-10 07:00",
                ),
                "2021-08-09 16:00:01",
            ),
            (CaseResolved(), "2021-08-10 08:00"),
        ],
    ),
    # Papers asked for half an hour before the end of the limit, and the same ones again later.
    "TWICE": (
        "2021-08-10 10:00",
        [
            (asked("form", "plan"), "2021-08-10 09:30"),
            (
                resumed(
                    "2021-08-10 09:30", "2021-08-12 09:30", "2021-08-10 10:00", "2021-08-12 10:00"
                ),
                "2021-08-12 09:30",
            ),
            (asked("plan", "map"), "2021-08-12 09:45"),
            (
                resumed(
                    "2021-08-12 09:45", "2021-08-16 09:45", "2021-08-12 10:00", "2021-08-16 10:00"
                ),
                "2021-08-16 09:45",
            ),
            (CaseResolved(), "2021-08-16 09:50"),
        ],
    ),
    # A plain pause: two days before the date, for three days.
    "PLAIN": (
        "2021-08-12 10:00",
        [
            (asked("form"), "2021-08-10 10:00"),
            (
                resumed(
                    "2021-08-10 10:00", "2021-08-13 10:00", "2021-08-12 10:00", "2021-08-17 10:00"
                ),
                "2021-08-13 10:00",
            ),
            (CaseResolved(), "2021-08-17 09:00"),
        ],
    ),
    "CORRECTED": (
        "2021-08-20 10:00",
        [
            (CaseResolved(), "2021-08-18 10:00"),
            (CaseCorrected(result_number="12"), "2021-08-19 10:00"),
        ],
    ),
    "NONE": ("2021-08-20 10:00", []),
}


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[AuditCalls]:
    """Audit with these histories."""
    numbering, log = Numbering(), Log()
    for code, (due, later) in HISTORIES.items():
        begun = "2021-08-05 09:00"
        history: list[tuple[Message, str]] = [
            (DossierSubmitted(unit=UNIT, time_zone=HANOI), begun),
            (DossierAccepted(due_at=stamp(due)), begun),
            *later,
        ]
        for payload, when in history:
            log.send(numbering.event(payload, at(when), code))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(log.records())
    calls = AuditCalls(store, NOW, {CALENDAR: state_office()}.get)
    yield calls
    calls.close()
    store.close()


def request(**fields: Any) -> pb.ListPauseFindingsRequest:
    """Return a request for August."""
    return pb.ListPauseFindingsRequest(from_date="2021-08-01", to_date="2021-08-31", **fields)


async def test_each_doubt_is_named_with_the_pause(calls: AuditCalls) -> None:
    """A plain pause is none, and has no line."""
    answer = await calls.ask(request())
    found = [
        (f.dossier_code, pb.PauseFindingKind.Name(f.kind)[19:], to_us(f.at), f.moved_minutes)
        for f in answer.findings
    ]
    assert found == [
        ("CORRECTED", "CORRECTED", at("2021-08-19 10:00"), 0),
        ("SECOND", "SHORT", at("2021-08-09 16:00"), 14 * 60),
        ("TWICE", "LAST_HOUR", at("2021-08-10 09:30"), 48 * 60),
        ("TWICE", "LAST_HOUR", at("2021-08-12 09:45"), 96 * 60),
        ("TWICE", "SAME_PART", at("2021-08-12 09:45"), 96 * 60),
    ]
    assert [list(f.parts) for f in answer.findings if f.parts] == [["plan"]]
    assert {f.unit for f in answer.findings} == {UNIT}
    assert answer.findings[1].until.ToMicroseconds() == at("2021-08-09 16:00:01")


async def test_the_rate_without_them_stands_beside_the_official_one(calls: AuditCalls) -> None:
    """Four of four in time; two of them only because of pauses in doubt."""
    answer = await calls.ask(request())
    assert (answer.resolved, answer.in_time, answer.in_time_without) == (4, 4, 2)
    assert (answer.in_time_share, answer.in_time_share_without) == (100.0, 50.0)
    assert not answer.bunched


async def test_it_holds_as_of_an_instant_and_in_pages(calls: AuditCalls) -> None:
    """What happened later does not count; pages hold each finding once."""
    then = await calls.ask(request(as_of=stamp("2021-08-12 12:00")))
    assert [f.dossier_code for f in then.findings] == ["SECOND", "TWICE", "TWICE"]
    assert then.resolved == 1
    whole = list((await calls.ask(request())).findings)
    paged, token = [], ""
    while True:
        page = await calls.ask(request(page_size=2, page_token=token))
        paged += page.findings
        token = page.next_page_token
        if not token:
            break
    assert paged == whole


async def test_closings_on_the_last_day_of_a_period_are_told(tmp_path: Path) -> None:
    """Seven on the last day after one a day; in a period that ends a week later nothing is."""
    numbering, log = Numbering(), Log()
    ends = ["2021-08-03 10:00", "2021-08-04 10:00", *["2021-08-06 16:00"] * 7]
    for number, end in enumerate(ends):
        for payload, when in (
            (DossierSubmitted(unit=UNIT, time_zone=HANOI), "2021-08-02 09:00"),
            (DossierAccepted(due_at=stamp("2021-08-09 10:00")), "2021-08-02 09:00"),
            (CaseResolved(), end),
        ):
            log.send(numbering.event(payload, at(when), f"D{number}"))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(log.records())
    calls = AuditCalls(store, NOW)
    period = pb.ListPauseFindingsRequest(from_date="2021-08-01", to_date="2021-08-07")
    (found,) = (await calls.ask(period)).bunched
    assert (found.unit, found.day, found.resolved, found.other_days) == (UNIT, "2021-08-06", 7, 1.0)
    period.to_date = "2021-08-14"
    assert not (await calls.ask(period)).bunched
    calls.close()
    store.close()
