"""Audit knows the office's units: who has taken over from whom, and whose dossiers a head sees."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.routing.v1.case_events_pb2 import CaseOpened, StepCompleted
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.clock import FixedClock
from kernel.base.errors import Forbidden, NotFound
from kernel.base.instants import to_timestamp
from kernel.commands.command_bus import Reads
from office.people.directory import Directory, DirectoryUnit
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer
from tests.support.audit_calls import let_in
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import LEDGER, Log, Store

GONE, SUCCESSOR, OTHER, ASKED = "H22.31", "H22.70", "H22.13", "H22.02"
UNITS: Final = {
    code: DirectoryUnit(code, code, valid_to=last, successor=successor)
    for code, last, successor in (
        (GONE, date(2021, 8, 31), SUCCESSOR),
        *((code, None, "") for code in ("H22", SUCCESSOR, OTHER, ASKED)),
    )
}
NOW = at("2021-09-06 08:00")
BEFORE = to_timestamp(at("2021-08-20 08:00"))
AFTER = to_timestamp(at("2021-09-03 08:00"))


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[AuditServicer]:
    """Audit with a dossier of each of three units, all overdue; unit ``ASKED`` was asked of the
    other's.
    """
    numbering, log = Numbering(), Log()
    for code, unit in (("A", GONE), ("B", SUCCESSOR), ("C", OTHER)):
        current = CurrentStep(step="check", unit=unit)
        due = stamp("2021-08-18 09:00")
        for payload in (
            DossierSubmitted(unit=unit, time_zone=HANOI),
            DossierAccepted(due_at=due),
            CaseOpened(current=current, due_at=due),
        ):
            log.send(numbering.event(payload, at("2021-08-09 09:00"), code))
    asked = ConsultationRequested(number=1, unit=ASKED)
    log.send(numbering.event(asked, at("2021-08-10 09:00"), "C"))
    moved = StepCompleted(step="check", next=CurrentStep(step="sign", unit="H22"))
    log.send(numbering.event(moved, at("2021-08-11 09:00"), "C"))
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(log.records())
    verifier = cast(LogVerifier, None)
    reads = Reads(store.reads)
    people = Directory(UNITS, {})
    yield AuditServicer(reads, FixedClock(NOW), verifier, LEDGER, lambda _: None, lambda: people)
    reads.close()
    store.close()


def officer(unit: str) -> Actor:
    """Return an officer of a unit."""
    return Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="tp", unit=unit)


async def due(audit: AuditServicer, **request: Any) -> dict[str, str]:
    """List overdue dossiers with the unit that is late."""
    asked = pb.ListDeadlinesRequest(overdue=True, **request)
    answer = await audit.ListDeadlines(asked, cast(Any, None))
    return {each.dossier_code: each.late_unit for each in answer.deadlines}


async def test_a_successor_has_the_due_dates_that_it_took_over(audit: AuditServicer) -> None:
    """As the office is organised then: before the merger each unit has its own."""
    let_in("ListDeadlines")
    assert await due(audit, unit=SUCCESSOR) == {"A": SUCCESSOR, "B": SUCCESSOR}
    assert await due(audit, unit=GONE) == {"A": SUCCESSOR}
    assert await due(audit, unit=SUCCESSOR, as_of=BEFORE) == {"B": SUCCESSOR}
    assert await due(audit, unit=GONE, as_of=BEFORE) == {"A": GONE}
    assert await due(audit, unit=SUCCESSOR, known_at=BEFORE) == {"B": SUCCESSOR}
    assert await due(audit, unit=GONE, known_at=BEFORE) == {"A": GONE}
    assert await due(audit, unit=GONE, known_at=BEFORE, as_of=AFTER) == {"A": SUCCESSOR}
    with pytest.raises(NotFound):
        await due(audit, unit="H22.99")


@pytest.mark.parametrize(
    ("organisation", "times", "expected"),
    [
        (pb.ORGANISATION_UNSPECIFIED, {}, {GONE: 1, SUCCESSOR: 1, OTHER: 1}),
        (pb.ORGANISATION_THEN, {}, {GONE: 1, SUCCESSOR: 1, OTHER: 1}),
        (pb.ORGANISATION_NOW, {}, {SUCCESSOR: 2, OTHER: 1}),
        (pb.ORGANISATION_NOW, {"as_of": BEFORE}, {GONE: 1, SUCCESSOR: 1, OTHER: 1}),
        (pb.ORGANISATION_NOW, {"known_at": BEFORE}, {GONE: 1, SUCCESSOR: 1, OTHER: 1}),
        (pb.ORGANISATION_NOW, {"known_at": BEFORE, "as_of": AFTER}, {SUCCESSOR: 2, OTHER: 1}),
    ],
)
async def test_a_report_counts_by_the_units_of_then_or_of_now(
    audit: AuditServicer, organisation: Any, times: Any, expected: dict[str, int]
) -> None:
    """The lines balance either way."""
    let_in("GetReport")
    request = pb.GetReportRequest(
        from_date="2021-08-01",
        to_date="2021-08-31",
        by=pb.BREAKDOWN_UNIT,
        organisation=organisation,
        **times,
    )
    answer = await audit.GetReport(request, cast(Any, None))
    assert {row.key: row.received for row in answer.rows} == expected
    assert answer.total.received == 3


@pytest.mark.parametrize(
    ("unit", "role", "expected"),
    [
        (SUCCESSOR, "head", {"A", "B"}),
        (OTHER, "leader", {"C"}),
        ("H22", "leader", {"A", "B", "C"}),
        (GONE, "head", set()),
        ("", "head", set()),
        (OTHER, "inspector", {"A", "B", "C"}),
    ],
)
async def test_heads_list_what_their_own_units_have(
    audit: AuditServicer, unit: str, role: str, expected: set[str]
) -> None:
    """And those below, and what they took over; a dissolved unit has nothing any more."""
    let_in("ListDeadlines", officer(unit), role)
    assert set(await due(audit)) == expected


async def test_heads_do_not_ask_for_another_unit(audit: AuditServicer) -> None:
    """That they must not is said before whether there is anything."""
    let_in("ListDeadlines", officer(SUCCESSOR), "head")
    assert set(await due(audit, unit=GONE)) == {"A"}
    for unit in (OTHER, "H22", "H22.99"):
        with pytest.raises(Forbidden):
            await due(audit, unit=unit)


def test_other_officers_list_nothing() -> None:
    """The table lets heads, leaders and inspectors in."""
    for method in ("ListDeadlines", "GetTimeline"):
        with pytest.raises(Forbidden):
            let_in(method, officer(SUCCESSOR), "specialist", "receptionist")


async def test_heads_read_what_was_known_before_they_took_part(audit: AuditServicer) -> None:
    """Whoever may read the whole may read its beginning, and nobody else."""
    before: Any = {"known_at": to_timestamp(at("2021-08-09 12:00"))}
    for unit, sees in ((ASKED, True), (SUCCESSOR, False)):
        let_in("GetTimeline", officer(unit), "head")
        request = pb.GetTimelineRequest(dossier_code="C", **before)
        if sees:
            answer = await audit.GetTimeline(request, cast(Any, None))
            assert [entry.type for entry in answer.entries][-1] == "CaseOpened"
        else:
            with pytest.raises(Forbidden):
                await audit.GetTimeline(request, cast(Any, None))


@pytest.mark.parametrize(
    ("unit", "role", "code", "sees"),
    [
        (SUCCESSOR, "head", "A", True),
        (SUCCESSOR, "head", "C", False),
        (OTHER, "head", "C", True),
        (ASKED, "head", "C", True),
        (ASKED, "head", "A", False),
        ("H22", "leader", "B", True),
        (GONE, "head", "A", False),
        (ASKED, "inspector", "A", True),
    ],
)
async def test_heads_read_the_timelines_of_dossiers_in_which_their_units_take_part(
    audit: AuditServicer, unit: str, role: str, code: str, sees: bool
) -> None:
    """They answer for it, had a step of it, or were asked."""
    let_in("GetTimeline", officer(unit), role)

    def read() -> Coroutine[Any, Any, pb.GetTimelineResponse]:
        request = pb.GetTimelineRequest(dossier_code=code)
        return audit.GetTimeline(request, cast(Any, None))

    if sees:
        assert (await read()).entries
    else:
        with pytest.raises(Forbidden):
            await read()
