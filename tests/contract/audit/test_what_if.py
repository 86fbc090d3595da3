"""Promised dates of a period under other rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import CaseResolved, CaseResumed, CaseSuspended
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended

from kernel.base.errors import Invalid
from office.worktime.calendars.model import DayKind, DayRule, calendar_digest
from office.worktime.calendars.snapshot_format import write_snapshot
from office.worktime.calendars.vietnam import state_office
from tests.support.audit_calls import AuditCalls
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import Log, Store

UNIT = "H22.12"
NOW = at("2021-09-06 08:00")
VERSION = state_office().version
MONDAY = "2021-08-09 09:00"


def accepted(due: str, limit: str = "5wd") -> DossierAccepted:
    """Return the promise of a date by a limit; of another system without one."""
    version = VERSION if limit else ""
    return DossierAccepted(due_at=stamp(due), time_limit=limit, calendar_version=version)


PAUSE = (
    (CaseSuspended(), "2021-08-11 09:00"),
    (
        CaseResumed(
            suspended_at=stamp("2021-08-11 09:00"),
            resumed_at=stamp("2021-08-13 09:00"),
            previous_due_at=stamp("2021-08-16 09:00"),
            due_at=stamp("2021-08-18 09:00"),
            calendar_version=VERSION,
        ),
        "2021-08-13 09:00",
    ),
)
HISTORIES: dict[str, tuple[str, Message, list[tuple[Message, str]]]] = {
    # Five working days from Monday end on the next Monday, three on Thursday.
    "EARLY": ("a", accepted("2021-08-16 09:00"), [(CaseResolved(), "2021-08-13 09:00")]),
    "OTHER": ("b", accepted("2021-08-16 09:00"), [(CaseResolved(), "2021-08-13 09:00")]),
    "LATE": ("a", accepted("2021-08-16 09:00"), [(CaseResolved(), "2021-08-17 09:00")]),
    "PAUSED": ("a", accepted("2021-08-16 09:00"), [*PAUSE, (CaseResolved(), "2021-08-18 10:00")]),
    "PENDING": ("a", accepted("2021-09-03 09:00", "18wd"), []),
    "SIGNED": (
        "a",
        accepted("2021-08-16 09:00"),
        [
            (DeadlineExtended(due_at=stamp("2021-08-20 09:00")), "2021-08-12 09:00"),
            (CaseResolved(), "2021-08-19 09:00"),
        ],
    ),
    "IMPORTED": ("a", accepted("2021-08-25 09:00", ""), [(CaseResolved(), "2021-08-24 09:00")]),
}


@pytest.fixture
def calls(tmp_path: Path) -> Iterator[AuditCalls]:
    """Audit with these histories, all received on a Monday."""
    numbering, log = Numbering(), Log()
    for code, (procedure, promise, later) in HISTORIES.items():
        submitted = DossierSubmitted(unit=UNIT, time_zone=HANOI, procedure_code=procedure)
        for payload, when in ((submitted, MONDAY), (promise, MONDAY), *later):
            log.send(numbering.event(payload, at(when), code))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(log.records())
    calls = AuditCalls(store, NOW, {VERSION: state_office()}.get)
    yield calls
    calls.close()
    store.close()


async def simulated(
    calls: AuditCalls, **fields: Any
) -> tuple[dict[str, tuple[str, str]], dict[str, int], dict[str, int], int]:
    """Return what changes, how all stand and would stand, and how many dates are kept."""
    request = pb.SimulateDeadlinesRequest(
        from_date="2021-08-01", to_date=fields.pop("to_date", "2021-08-31"), **fields
    )
    changed = {}
    async for answer in calls.stream(request):
        for found in answer.changed:
            names = (
                pb.Timeliness.Name(value)[11:].lower() for value in (found.was, found.would_be)
            )
            changed[found.dossier_code] = tuple(names)
    counts = [
        {field.name: value for field, value in part.ListFields()}
        for part in (answer.was, answer.would_be)
    ]
    return changed, *counts, answer.kept


AS_IT_IS = {"early": 4, "on_time": 1, "late": 1, "pending_in_time": 1}
"""EARLY, OTHER, SIGNED and IMPORTED; PAUSED; LATE; PENDING."""


async def test_another_limit_of_one_procedure(calls: AuditCalls) -> None:
    """Three working days: those of procedure a; with its pause, one from Thursday to Monday."""
    limits = [pb.SimulatedLimit(procedure="a", time_limit="3wd")]
    changed, was, would_be, kept = await simulated(calls, limits=limits)
    assert changed == {
        "EARLY": ("early", "late"),
        "PAUSED": ("on_time", "late"),
        "PENDING": ("pending_in_time", "pending_overdue"),
        "IMPORTED": ("early", "late"),
    }
    assert was == AS_IT_IS
    assert would_be == {"early": 2, "late": 4, "pending_overdue": 1}
    assert kept == 1  # the leader's date


async def test_a_star_is_every_procedure_without_one_of_its_own(calls: AuditCalls) -> None:
    """Twenty days for all but procedure b, which keeps four."""
    limits = [
        pb.SimulatedLimit(procedure="*", time_limit="20wd"),
        pb.SimulatedLimit(procedure="b", time_limit="4wd"),
    ]
    changed, _, would_be, _ = await simulated(calls, limits=limits)
    assert changed == {
        "OTHER": ("early", "on_time"),
        "LATE": ("late", "early"),
        "PAUSED": ("on_time", "early"),
    }
    assert would_be == {"early": 5, "on_time": 1, "pending_in_time": 1}


async def test_without_pauses_a_date_stays(calls: AuditCalls) -> None:
    """The one that was on time because of its pause is late; no date of the others moves."""
    changed, was, would_be, kept = await simulated(calls, without_pauses=True)
    assert changed == {"PAUSED": ("on_time", "late")}
    assert was == AS_IT_IS
    assert would_be == {"early": 4, "late": 2, "pending_in_time": 1}
    assert kept == 2  # the leader's, and the one of the other system


async def test_another_calendar(calls: AuditCalls) -> None:
    """With Tuesday to Friday off, five days from Monday end a week and a half later."""
    shipped = state_office()
    off = DayRule(kind=DayKind.OFF, sessions=())
    days = {**shipped.days, **{date(2021, 8, day): off for day in (10, 11, 12, 13)}}
    digest = calendar_digest(shipped.time_zone, shipped.week, days, shipped.day_us)
    calendar = replace(shipped, name="trial", version=f"trial-1+{digest}", days=days)
    changed, _, would_be, _ = await simulated(calls, calendar=write_snapshot(calendar))
    assert changed == {"LATE": ("late", "early"), "PAUSED": ("on_time", "early")}
    assert would_be == {"early": 6, "pending_in_time": 1}


async def test_nothing_different_changes_nothing(calls: AuditCalls) -> None:
    """The same limit counts to the same date, and a past period stands as it stood at its end."""
    limits = [pb.SimulatedLimit(procedure="b", time_limit="5wd")]
    changed, was, would_be, _ = await simulated(calls, limits=limits)
    assert not changed
    assert was == would_be == AS_IT_IS
    _, was, _, _ = await simulated(calls, to_date="2021-08-13", limits=limits)
    assert was == {"early": 2, "pending_in_time": 5}


async def test_what_cannot_be_used_is_named(calls: AuditCalls) -> None:
    """All of it at once, by its field."""
    limits = [
        pb.SimulatedLimit(procedure="a", time_limit="5 days"),
        pb.SimulatedLimit(procedure="a", time_limit="5wd"),
    ]
    with pytest.raises(Invalid) as refused:
        await simulated(calls, limits=limits, calendar=b"{}")
    fields = {violation.field for violation in refused.value.violations}
    assert fields == {"calendar", "limits[0].time_limit", "limits[1].procedure"}
