"""Due dates recalculated after a change of the calendar, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.case_events_pb2 import CaseOpened
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import CaseFact

from kernel.base.instants import to_us
from kernel.eventsourcing.command_context import Call
from office.worktime.calendars import repository
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.repository import CalendarRepository
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE, state_office
from services.routing.application.recalculation_batches import Recalculate
from services.routing.domain.alarms import CONSULTATION, DOSSIER, FIRST_ACTION, SUSPENSION, TIMER
from services.routing.tables import CASES, CONSULTATIONS, DEADLINES, TIMERS, WORK
from tests.support.calendars import publish, use
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, answer_again, handle, merged
from tests.support.events import name_of, payload_of
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.recalculate import BOSS, STORM, WHEN, codes, recalculate, storm
from tests.support.routing_cases import PLANNER, UNIT, answer, at, clock, supplement


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the repository by which routing works here."""
    monkeypatch.setattr(repository, "INTERVAL", 0.0)
    known = CalendarRepository(tmp_path / "calendars")
    monkeypatch.setattr(OFFICE, "calendars", lambda: known)
    return known.folder


def pages(departments: Departments, size: int, when: str = WHEN, unit: str = "") -> list[Any]:
    """Ask for all pages."""
    found, token = [], ""
    while True:
        found.append(recalculate(departments, when, page_size=size, page_token=token, unit=unit))
        token = found[-1].next_page_token
        if not token:
            return found


def preview(departments: Departments, when: str = WHEN, **more: Any) -> Any:
    """Ask what one page would move."""
    with departments.engine.connect() as connection:
        request = pb.PreviewRecalculationRequest(**more)
        return Recalculate(OFFICE).preview(connection, MODEL, request, at(when))


def moves(answers: list[Any]) -> list[tuple[str, str, str, str]]:
    return [
        (
            each.dossier_code,
            each.change.step,
            clock(to_us(each.change.previous_due_at)),
            clock(to_us(each.change.due_at)),
        )
        for answer in answers
        for each in answer.moved
    ]


def test_only_what_moves_gets_an_event(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """Of five open cases the two whose dates the storm touches are moved, by whom and why; the
    others, one of them suspended, keep their events.
    """
    desk, five = Desk(), codes(5)
    for code, limit in zip(five, ("5wd", "1wd", "none", "5wd", "5wd"), strict=True):
        departments.reads(desk.files(code, limit=limit))
    departments.does(supplement("appraise"), five[3], "2021-08-10 09:00")
    version = storm(folder, tmp_path)
    before = len(departments.own_events())

    answers = pages(departments, size=2)

    assert moves(answers) == [
        (five[0], "", "2021-08-16 09:00", "2021-08-17 09:00"),
        (five[4], "", "2021-08-16 09:00", "2021-08-17 09:00"),
    ]
    assert [answer.looked_at for answer in answers] == [2, 2, 1]
    events = departments.own_events(five[0])
    assert len(departments.own_events()) - before == 2 + sum(
        name_of(event) == "DeadlineMissed"
        for code in (five[0], five[4])
        for event in departments.own_events(code)
    )
    event = events[-1]
    assert event.actor == BOSS
    assert to_us(event.occurred_at) == at(WHEN)
    payload = payload_of(event, DeadlineRecalculated)
    assert (payload.reason, payload.calendar_version) == ("bão, 12/UBND", version)
    assert payload.previous_calendar_version == state_office().version


def test_a_page_is_answered_the_same_when_its_answer_is_lost(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """It names what it moved then; what a later calendar would move stays for another order."""
    first_code, second_code = codes(2)
    for code in (first_code, second_code):
        departments.reads(Desk().files(code))
    storm(folder, tmp_path)
    request = pb.RecalculateDeadlinesRequest(request_id=str(uuid.uuid4()), reason="bão, 12/UBND")
    call = Call(BOSS, "vi", request.request_id, at(WHEN), at(WHEN), "", "", digest=b"digest")
    first = departments.writer.submit(lambda uow: handle(uow, request, call)).result()
    assert [each.dossier_code for each in first.moved] == [first_code, second_code]
    storm(folder, tmp_path, 3, "2021-08-13")
    before = departments.kinds()
    again = departments.writer.submit(lambda uow: answer_again(uow, request, call)).result()
    assert again == first
    assert departments.kinds() == before


def test_the_views_follow(departments: Departments, folder: Path, tmp_path: Path) -> None:
    """Case, work list and watch go by the new date at once."""
    (code,) = codes(1)
    departments.reads(Desk().files(code))
    storm(folder, tmp_path)
    pages(departments, size=10)

    (case,), (work,) = departments.rows(CASES), departments.rows(WORK)
    rows = {row["scope"]: row for row in departments.rows(DEADLINES)}
    new = at("2021-08-17 09:00")
    assert case["due_at"] == rows[DOSSIER]["due_at"] == new
    assert work["due_at"] == min(new, case["step_due_at"])
    departments.looks("2021-08-16 09:00", 1)
    kinds = departments.kinds(code)
    assert "DeadlineMissed" not in kinds[kinds.index("DeadlineRecalculated") :]
    departments.looks("2021-08-17 09:00", 1)
    assert (
        payload_of(departments.own_events(code)[-2], DeadlineMissed).due_at.ToMicroseconds() == new
    )


def test_the_preview_tells_what_will_be_done(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """It changes nothing, and names the very dates that the recalculation then sets."""
    desk = Desk()
    for code in codes(7):
        departments.reads(desk.files(code))
    storm(folder, tmp_path)
    before = departments.views(), departments.kinds()

    shown = preview(departments)
    first = preview(departments, page_size=3)
    rest = preview(departments, page_token=first.next_page_token)

    assert (departments.views(), departments.kinds()) == before
    done = pages(departments, size=3)
    assert moves([shown]) == moves([first, rest]) == moves(done)
    assert len(moves(done)) == 7
    assert not preview(departments).moved


def test_interrupted_it_goes_on(departments: Departments, folder: Path, tmp_path: Path) -> None:
    """Begun again from the beginning it moves the rest; begun a third time it moves nothing."""
    desk = Desk()
    for code in codes(10):
        departments.reads(desk.files(code))
    storm(folder, tmp_path)

    first = recalculate(departments, page_size=4)
    rest = pages(departments, size=3)
    after = departments.kinds()
    third = pages(departments, size=500)

    moved = [code for code, *_ in moves([first, *rest])]
    assert sorted(moved) == codes(10)
    assert moves(third) == []
    assert departments.kinds() == after


def test_one_unit_alone(departments: Departments, folder: Path, tmp_path: Path) -> None:
    """Only dossiers of the unit and those below it are looked through; a page counts all cases."""
    desk = Desk()
    for code, unit in zip(codes(4), (UNIT, f"{UNIT}.03", "H22.13", "H22.1"), strict=True):
        departments.reads(desk.files(code, unit=unit))
    storm(folder, tmp_path)

    answers = pages(departments, size=3, unit=UNIT)

    assert [code for code, *_ in moves(answers)] == codes(2)
    assert sum(answer.looked_at for answer in answers) == 4


def test_each_unit_by_its_own_calendar(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """A closure of one unit moves nothing of another."""
    desk = Desk()
    for code, unit in zip(codes(2), (UNIT, "H22.13"), strict=True):
        departments.reads(desk.files(code, unit=unit))
    text = STATE_OFFICE_FILE.read_text(encoding="utf-8").replace('name = "vn"', 'name = "desk"')
    path = tmp_path / "desk.toml"
    path.write_text(text + STORM, encoding="utf-8")
    desk_calendar = load_calendar(path)
    publish(folder, desk_calendar, "2021-08-11")
    use(folder, UNIT, desk_calendar, "2021-08-11")

    assert [code for code, *_ in moves(pages(departments, size=10))] == codes(1)


def test_a_swap_announced_late(departments: Departments, folder: Path, tmp_path: Path) -> None:
    """Fault 42. A day off announced six days before moves open dates, once for each calendar; the
    events of before keep theirs.
    """
    (code,) = codes(1)
    departments.reads(Desk().files(code))
    versions = [storm(folder, tmp_path, 2), storm(folder, tmp_path, 3, "2021-08-13")]
    pages(departments, size=10, when="2021-08-11 10:00")
    versions.append(storm(folder, tmp_path, 4, "2021-08-12"))
    pages(departments, size=10, when="2021-08-11 11:00")

    opened, *rest = departments.own_events(code)
    assert payload_of(opened, CaseOpened).calendar_version == state_office().version
    named = [
        payload_of(e, DeadlineRecalculated).calendar_version
        for e in rest
        if name_of(e) == "DeadlineRecalculated"
    ]
    # Version 3 lacks the day of version 2 and has another: the same date, so nothing is said.
    assert named == [versions[1]]
    for version in versions:
        assert OFFICE.calendars().find(version).version == version


def test_a_rebuild_is_equal_row_for_row(
    new_database: NewDatabase, folder: Path, tmp_path: Path
) -> None:
    """The views of a service made again from the log are those of the one that recalculated."""
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        desk = Desk()
        heard = [event for code in codes(6) for event in desk.files(code)]
        first.reads(heard)
        first.looks("2021-08-10 15:00")
        storm(folder, tmp_path)
        pages(first, size=4)
        first.looks("2021-08-17 09:00")
        streams: dict[tuple[str, str], list[Any]] = {}
        for event in [*heard, *first.own_events()]:
            streams.setdefault((event.stream_id, event.source), []).append(event)
        again.reads(merged(list(streams.values()), [7 * n for n in range(500)]))
        assert again.views() == first.views()
        assert "DeadlineRecalculated" in first.kinds()
    finally:
        first.close()
        again.close()


# -- what stands beside the promise ----------------------------------------------------------------


def besides(departments: Departments) -> dict[str, str]:
    """Open three cases: one whose question and timer run, one that waits for papers, one untouched;
    gives when each thing is due by the views.
    """
    desk, (first, second, third) = Desk(), codes(3)
    heard = [desk.files(code, process="consulted") for code in (first, second)]
    departments.reads([*heard[0], *heard[1], *desk.files(third)])
    departments.does(answer(1), first, "2021-08-09 10:00", PLANNER)
    departments.does(_proposal(), first, "2021-08-10 10:00")
    departments.does(supplement("appraise"), second, "2021-08-10 09:00")
    return shown(departments)


def _proposal() -> pb.CompleteStepRequest:
    stated = [CaseFact(name="outcome", value="reject"), CaseFact(name="area", value="5")]
    return pb.CompleteStepRequest(step="appraise", facts=stated)


def shown(departments: Departments) -> dict[str, str]:
    """Return what the views say: the timer, the questions, the citizen's time, the time to
    begin.
    """
    first, second, third = codes(3)
    (timer,) = departments.rows(TIMERS)
    asked = {(r["dossier_code"], r["number"]): r for r in departments.rows(CONSULTATIONS)}
    cases = {row["dossier_code"]: row for row in departments.rows(CASES)}
    watched = {
        (row["dossier_code"], row["scope"], row["number"]): row["due_at"]
        for row in departments.rows(DEADLINES)
        if row["next_alarm_at"] is not None
    }
    question, papers = asked[second, 1]["due_at"], cases[second]["answer_due_at"]
    assert watched[second, CONSULTATION, 1] == question
    assert watched[second, SUSPENSION, 0] == papers
    assert json.loads(cases[second]["suspension"])["end_at"] == papers
    assert (timer["dossier_code"], timer["next_at"]) == (first, timer["at"])
    found = {
        "timer": timer["at"],
        "question": question,
        "papers": papers,
        "begin": watched[third, FIRST_ACTION, 0],
    }
    return {name: clock(at) for name, at in found.items()}


def test_all_that_the_calendar_laid_moves(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """Timers, questions, the citizen's time and the time to begin move in views and index; the dry
    run names them all beforehand, and the second run has nothing left.
    """
    assert besides(departments) == {
        "timer": "2021-08-13 10:00",
        "question": "2021-08-11 09:00",
        "papers": "2021-08-25 09:00",
        "begin": "2021-08-10 09:00",
    }
    storm(folder, tmp_path, 2, "2021-08-25")
    assert [each.change.scope for each in recalculate(departments).moved] == [SUSPENSION]
    assert shown(departments)["papers"] == "2021-08-26 09:00"
    # Nobody worked from the 10th to the 12th after all, but on the 25th.
    storm(folder, tmp_path, 3, "2021-08-10\nuntil = 2021-08-12")

    previewed = preview(departments)
    moved = recalculate(departments)

    assert list(previewed.moved) == [
        pb.MovedDeadline(dossier_code=m.dossier_code, unit=m.unit, change=_unsaid(m.change))
        for m in moved.moved
    ]
    assert {TIMER, CONSULTATION, FIRST_ACTION} <= {each.change.scope for each in moved.moved}
    assert shown(departments) == {
        "timer": "2021-08-17 17:00",
        "question": "2021-08-16 09:00",
        "papers": "2021-08-26 09:00",
        "begin": "2021-08-13 09:00",
    }
    assert not recalculate(departments).moved


def _unsaid(change: pb.DeadlineChange) -> pb.DeadlineChange:
    one_change = pb.DeadlineChange()
    one_change.CopyFrom(change)
    one_change.reason = ""
    return one_change


def test_a_rebuild_has_what_stands_beside_the_promise(
    new_database: NewDatabase, folder: Path, tmp_path: Path
) -> None:
    """Each view of it is a function of the log."""
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        besides(first)
        storm(folder, tmp_path, 2, "2021-08-10\nuntil = 2021-08-12")
        moved = {each.change.scope for each in recalculate(first).moved}
        assert {TIMER, CONSULTATION, FIRST_ACTION} <= moved
        first.looks("2021-08-17 09:00")
        desk, heard = Desk(), []
        for code, process in zip(codes(3), ("consulted", "consulted", "standard"), strict=True):
            heard += desk.files(code, process=process)
        streams: dict[tuple[str, str], list[Any]] = {}
        for event in [*heard, *first.own_events()]:
            streams.setdefault((event.stream_id, event.source), []).append(event)
        again.reads(merged(list(streams.values()), [5 * n for n in range(500)]))
        assert again.views() == first.views()
    finally:
        first.close()
        again.close()
