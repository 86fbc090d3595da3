"""Calendars change while clocks stand still, steps are pulled back, limits begin again: what the
views and the watch make of it, on SQLite and PostgreSQL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from motcua.routing.v1.case_events_pb2 import CaseResumed
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.eventsourcing.state_loading import states_of
from office.worktime.calendars import repository
from office.worktime.calendars.repository import CalendarRepository
from services.routing.domain.alarms import DOSSIER, STEP
from services.routing.domain.state import limits
from services.routing.tables import CASES, DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.events import name_of, payload_of
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.recalculate import codes, recalculate, storm
from tests.support.routing_cases import (
    LEADER,
    clock,
    complete,
    extend,
    go_on,
    pull,
    stop,
    supplement,
)

LATE, PULLED, SIGNED = codes(3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the repository by which routing works here."""
    monkeypatch.setattr(repository, "INTERVAL", 0.0)
    known = CalendarRepository(tmp_path / "calendars")
    monkeypatch.setattr(OFFICE, "calendars", lambda: known)
    return known.folder


def row(departments: Departments, code: str, scope: int) -> dict[str, Any]:
    """Return the row of a due date in the watch's index, once the index is what the events say."""
    rows = {(r["dossier_code"], r["scope"], r["number"]): r for r in departments.rows(DEADLINES)}
    with departments.engine.connect() as connection:
        state = states_of(connection, MODEL, [code])[code]
    for key, limit in limits(state).items():
        if limit is None:
            assert (code, *key) not in rows
            continue
        found = rows[code, *key]
        names = ("due_at", "warn_at", "warned", "missed", "levels_notified")
        assert [found[name] for name in names] == [getattr(limit, name) for name in names]
    return rows[code, scope, 0]


def due(departments: Departments, code: str) -> str:
    """Return the promised date by the case's row."""
    return next(clock(r["due_at"]) for r in departments.rows(CASES) if r["dossier_code"] == code)


def late_before_a_storm(departments: Departments, folder: Path, tmp_path: Path) -> None:
    """Said to be late on the 16th, stopped; the 12th counts no longer when the clock goes on."""
    departments.reads(Desk().files(LATE, policy="restart"))
    departments.takes(LATE)
    departments.looks("2021-08-16 09:30")
    departments.does(stop("appraise"), LATE, "2021-08-16 10:00")
    storm(folder, tmp_path)
    departments.does(go_on("appraise"), LATE, "2021-08-17 10:00")


def pulled_after_a_pause(departments: Departments) -> None:
    """A working day's pause, then sent on and taken back."""
    departments.reads(Desk().files(PULLED))
    departments.takes(PULLED)
    departments.does(stop("appraise"), PULLED, "2021-08-09 10:00")
    departments.does(go_on("appraise"), PULLED, "2021-08-10 10:00")
    departments.does(complete("appraise"), PULLED, "2021-08-10 11:00")
    departments.does(pull("review"), PULLED, "2021-08-10 11:00")


def signed_before_papers(departments: Departments, until: str) -> None:
    """Moved with an apology; then papers come, and the limit of five days begins again."""
    desk = Desk()
    departments.reads(desk.files(SIGNED, policy="restart"))
    moved = extend("2021-08-16 09:00", until)
    departments.does(moved, SIGNED, "2021-08-10 09:00", LEADER)
    departments.does(supplement("appraise"), SIGNED, "2021-08-11 10:00")
    departments.reads([desk.papers(SIGNED, "2021-08-17 15:00")])


def test_what_lies_ahead_again_is_watched_again(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """The index looks at the new date: nobody has said anything of it yet."""
    late_before_a_storm(departments, folder, tmp_path)

    resumed = payload_of(departments.own_events(LATE)[-1], CaseResumed)
    assert (resumed.after_missed, resumed.stays_late) == (True, True)
    assert due(departments, LATE) == "2021-08-18 09:00"
    found = row(departments, LATE, DOSSIER)
    assert (found["warned"], found["missed"], found["levels_notified"]) == (0, 0, 0)
    departments.looks("2021-08-18 09:00", 0)
    before = departments.kinds(LATE).count("DeadlineMissed")
    departments.looks("2021-08-18 09:00", 1)
    payloads = [
        payload_of(e, DeadlineMissed)
        for e in departments.own_events(LATE)
        if name_of(e) == "DeadlineMissed"
    ]
    assert [clock(m.due_at.ToMicroseconds()) for m in payloads[before:] if m.scope == DOSSIER] == [
        "2021-08-18 09:00"
    ]
    assert row(departments, LATE, DOSSIER)["missed"] == 1
    assert departments.looks("2021-08-18 10:00") == 0


def test_a_step_pulled_back_after_a_pause_is_recalculated(
    departments: Departments, folder: Path, tmp_path: Path
) -> None:
    """Due on the 12th with the day waited; the 12th is closed."""
    pulled_after_a_pause(departments)
    assert clock(row(departments, PULLED, STEP)["due_at"]) == "2021-08-12 09:00"
    storm(folder, tmp_path)

    moved = [each.change for each in recalculate(departments).moved if each.change.scope == STEP]

    assert [clock(each.due_at.ToMicroseconds()) for each in moved] == ["2021-08-13 09:00"]
    assert clock(row(departments, PULLED, STEP)["due_at"]) == "2021-08-13 09:00"


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ("2021-08-31 10:00", "2021-08-31 10:00"),
        ("2021-08-20 10:00", "2021-08-24 15:00"),
    ],
)
def test_the_later_of_both_dates_is_promised(
    departments: Departments, signed: str, expected: str
) -> None:
    """Views and index go by the date that counts."""
    signed_before_papers(departments, signed)

    assert due(departments, SIGNED) == expected
    assert clock(row(departments, SIGNED, DOSSIER)["due_at"]) == expected


def test_a_rebuild_is_equal_row_for_row(
    new_database: NewDatabase, folder: Path, tmp_path: Path
) -> None:
    """All of it is a function of the log."""
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        pulled_after_a_pause(first)
        signed_before_papers(first, "2021-08-31 10:00")
        late_before_a_storm(first, folder, tmp_path)
        recalculate(first, "2021-08-17 16:00")
        first.looks("2021-08-18 09:00")
        desk = Desk()
        heard = [
            *desk.files(LATE, policy="restart"),
            *desk.files(PULLED),
            *desk.files(SIGNED, policy="restart"),
            desk.papers(SIGNED, "2021-08-17 15:00"),
        ]
        streams: dict[tuple[str, str], list[Any]] = {}
        for event in [*heard, *first.own_events()]:
            streams.setdefault((event.stream_id, event.source), []).append(event)
        again.reads(merged(list(streams.values()), [5 * n for n in range(500)]))
        assert again.views() == first.views()
        assert {"CasePulledBack", "DeadlineRecalculated"} <= set(first.kinds())
    finally:
        first.close()
        again.close()
